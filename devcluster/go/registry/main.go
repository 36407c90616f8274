// A registry of images with one image in it, for tests: what nodes pull from where a registry can be reached.
//
// Usage: registry <IP address:port> <file for its certificate> <archive of `docker save`> <name of the image in it>
//
// It prints `serving` once the image can be pulled, and then each request. Its certificate is its own authority.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	if err := serve(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func serve(address, certificateFile, archive, wanted string) error {
	handler := registry.New(registry.Logger(log.New(os.Stdout, "", 0)))
	if err := fill(handler, archive, wanted); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	certificate, err := certify(host)
	if err != nil {
		return err
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(certificateFile, encoded, 0o644); err != nil {
		return err
	}
	listener, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return err
	}
	fmt.Println("serving")
	return http.Serve(listener, handler)
}

// fill pushes the image by way of a listener on loopback that ends afterwards.
func fill(handler http.Handler, archive, wanted string) error {
	loopback := httptest.NewServer(handler)
	defer loopback.Close()
	reference, err := name.ParseReference(strings.TrimPrefix(loopback.URL, "http://") + "/" + wanted)
	if err != nil {
		return err
	}
	image, err := tarball.ImageFromPath(archive, nil)
	if err != nil {
		return err
	}
	return remote.Write(reference, image)
}

// certify makes a certificate for an address. It signs itself, so whoever trusts it needs nothing else.
func certify(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.ParseIP(host)},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, err
}
