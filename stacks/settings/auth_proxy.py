"""oauth2-proxy in front of the application, as the stack file says it."""

from pulumi import Output
from pydantic import Field, SecretStr

from components.kotaemon.args import AuthProxy
from components.pod.args import Endpoint
from stacks.settings.fields import Cidr, PinnedImage, Strict, Url


class AuthProxySettings(Strict):
    """A login at your OpenID Connect issuer before every request: the application's own leaves its API open."""

    issuer_url: Url = Field(description="Issuer; register https://<hostname>/oauth2/callback there.")
    client_id: str = Field(min_length=1, description="Client of the issuer.")
    client_secret: SecretStr = Field(description="Its secret; `pulumi config set --secret --path` writes it.")
    email_domains: list[str] = Field(min_length=1, description="Whose people may enter; `*`: everybody.")
    allowed_groups: list[str] = Field(default_factory=list[str], description="Only members of one of these; none: all.")
    issuer_cidr: Cidr | None = Field(None, description="Network of the issuer, when `modelEndpoints` closes the way.")
    image: PinnedImage | None = Field(None, description="None: the component's own, pinned.")

    def args(self) -> AuthProxy:
        """As the component takes it."""
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
