// The Kubernetes provider of Pulumi, unmodified, with its two data files embedded.
//
// The module's own main embeds a file that is generated when Pulumi releases it and that the module proxy does not serve.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

// version is set by the build.
var version string

func main() {
	provider.Serve("kubernetes", version, schema, mapping)
}
