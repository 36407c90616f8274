"""The section `kotaemon:authProxy` of a stack file: oauth2-proxy in front of the application."""

from pulumi import Output
from pydantic import Field, SecretStr

from components.kotaemon.args import AuthProxy
from components.pod.args import Endpoint
from stacks.settings.fields import Cidr, PinnedImage, Strict, Url


class AuthProxySettings(Strict):
    """A login at your OpenID Connect issuer before every request. The application's own login leaves its API open."""

    issuer_url: Url = Field(
        description="URL of the OpenID Connect issuer; register https://<hostname>/oauth2/callback there."
    )
    client_id: str = Field(min_length=1, description="Client id, as registered at the issuer.")
    client_secret: SecretStr = Field(description="Client secret; `pulumi config set --secret --path` writes it.")
    email_domains: list[str] = Field(
        min_length=1, description="E-mail domains whose users may log in; `*`: every user of the issuer."
    )
    allowed_groups: list[str] = Field(
        default_factory=list[str], description="Groups whose members may log in; default: no group is required."
    )
    issuer_cidr: Cidr | None = Field(
        None,
        description="Network of the issuer, TCP 443; needed when `modelEndpoints` limits where pods may connect to.",
    )
    image: PinnedImage | None = Field(
        None, description="Image of oauth2-proxy; default: the pinned image of the component."
    )

    def args(self) -> AuthProxy:
        """These settings as the argument `auth_proxy` of `Kotaemon`."""
        made = AuthProxy(
            issuer_url=self.issuer_url,
            client_id=self.client_id,
            client_secret=Output.secret(self.client_secret.get_secret_value()),
            email_domains=self.email_domains,
            allowed_groups=self.allowed_groups,
        )
        if self.issuer_cidr is not None:
            made["issuer_endpoint"] = Endpoint(cidr=self.issuer_cidr, port=443)
        if self.image is not None:
            made["image"] = self.image
        return made
