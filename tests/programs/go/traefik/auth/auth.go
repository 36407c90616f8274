// Package auth stands in for Traefik's fork of abbot/go-http-auth, which the module proxy does not serve. It lets nobody
// in: nothing in the tests asks Traefik for passwords.
package auth

import "net/http"

// BasicAuth refuses everybody.
type BasicAuth struct {
	Realm   string
	Secrets func(user, realm string) string
}

// RequireAuth refuses.
func (*BasicAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// CheckSecret knows no password.
func CheckSecret(_, _ string) bool { return false }

// DigestAuth refuses everybody.
type DigestAuth struct{}

// NewDigestAuthenticator keeps nothing.
func NewDigestAuthenticator(_ string, _ func(user, realm string) string) *DigestAuth { return &DigestAuth{} }

// CheckAuth knows nobody.
func (*DigestAuth) CheckAuth(*http.Request) (string, *string) { return "", nil }

// RequireAuth refuses.
func (*DigestAuth) RequireAuth(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// RequireAuthStale refuses.
func (*DigestAuth) RequireAuthStale(w http.ResponseWriter, _ *http.Request) { refuse(w) }

// DigestAuthParams finds nothing.
func DigestAuthParams(string) map[string]string { return map[string]string{} }

func refuse(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) }
