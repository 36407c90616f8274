// A server of S3 over a folder, on loopback with TLS: versitygw with its POSIX backend. Tests alone run it.
//
// Usage: s3-server <folder> <port>. Makes in the folder: `ca.crt`, which clients trust; `buckets/`, `versions/` and
// `accounts/`. The accounts are the owner of everything (ROOT_ACCESS_KEY, ROOT_SECRET_KEY) and one that may only do what
// a bucket's policy allows (USER_ACCESS_KEY, USER_SECRET_KEY).
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(folder, port string) error {
	inside := func(name string) string { return filepath.Join(folder, name) }
	for _, name := range []string{"buckets", "versions", "accounts"} {
		if err := os.MkdirAll(inside(name), 0o700); err != nil {
			return err
		}
	}
	if err := certificate(inside("ca.crt"), inside("ca.key")); err != nil {
		return err
	}
	access, secret := os.Getenv("ROOT_ACCESS_KEY"), os.Getenv("ROOT_SECRET_KEY")
	accounts, err := auth.NewInternal(auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}, inside("accounts"))
	if err != nil {
		return err
	}
	user := auth.Account{Access: os.Getenv("USER_ACCESS_KEY"), Secret: os.Getenv("USER_SECRET_KEY"), Role: auth.RoleUser}
	if err := accounts.CreateAccount(user); err != nil && !errors.Is(err, auth.ErrUserExists) {
		return err
	}
	// What an object is beside its bytes is in extended attributes.
	if err := (meta.XattrMeta{}).Test(inside("buckets")); err != nil {
		return fmt.Errorf("%s keeps no extended attributes of users: %w", folder, err)
	}
	options := posix.PosixOpts{VersioningDir: inside("versions"), Concurrency: 100, IOBufferSize: 1 << 20, CopyObjectThreshold: 5 << 30}
	backend, err := posix.New(inside("buckets"), meta.XattrMeta{}, options)
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(context.Background(), backend, &embedgw.Config{
		RootUserAccess:    access,
		RootUserSecret:    secret,
		Ports:             []string{net.JoinHostPort("127.0.0.1", port)},
		MaxConnections:    1000,
		MaxRequests:       1000,
		MultipartMaxParts: 10000,
		CertFile:          inside("ca.crt"),
		KeyFile:           inside("ca.key"),
		IAMService:        accounts,
		Quiet:             true,
	})
}

// certificate is that of 127.0.0.1, which signs itself. One that is there stays: a server that comes back is the same.
func certificate(certificateFile, keyFile string) error {
	if _, err := os.Stat(keyFile); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "S3 of the tests"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(0, 0, 7),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := write(certificateFile, "CERTIFICATE", made, 0o644); err != nil {
		return err
	}
	return write(keyFile, "PRIVATE KEY", private, 0o600)
}

func write(file, kind string, content []byte, mode os.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), mode)
}
