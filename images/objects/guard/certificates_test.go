package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// issued is a certificate and its key, as PEM, signed by its issuer or by itself.
type issued struct {
	certificate, key []byte
	parsed           *x509.Certificate
	private          *ecdsa.PrivateKey
}

func issue(t *testing.T, by *issued) *issued {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  by == nil,
		BasicConstraintsValid: true,
	}
	issuer, signer := template, private
	if by != nil {
		issuer, signer = by.parsed, by.private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &private.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := x509.ParseCertificate(der)
	key, _ := x509.MarshalPKCS8PrivateKey(private)
	return &issued{
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		parsed:      parsed,
		private:     private,
	}
}

func folderOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestWithoutACertificateRequestsComeInTheClear(t *testing.T) {
	if secure, err := certificates(t.TempDir()); secure != nil || err != nil {
		t.Errorf("%v %v", secure, err)
	}
}

func TestWhatIsNoCertificateIsNoStart(t *testing.T) {
	authority := issue(t, nil)
	own, other := issue(t, authority), issue(t, authority)
	for name, files := range map[string]map[string][]byte{
		"no key":             {"objects_certificate": own.certificate},
		"another's key":      {"objects_certificate": own.certificate, "objects_key": other.key},
		"an empty file":      {"objects_certificate": {}, "objects_key": own.key},
		"no authority there": {"objects_certificate": own.certificate, "objects_key": own.key, "clients_authority": []byte("none")},
	} {
		if _, err := certificates(folderOf(t, files)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestWhoShowsNoCertificateOfTheClientsAuthorityIsNotHeard(t *testing.T) {
	authority, clients := issue(t, nil), issue(t, nil)
	own, client, stranger := issue(t, authority), issue(t, clients), issue(t, authority)
	secure, err := certificates(folderOf(t, map[string][]byte{
		"objects_certificate": own.certificate, "objects_key": own.key, "clients_authority": clients.certificate,
	}))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", secure)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "heard") })}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(authority.parsed)
	ask := func(config *tls.Config, scheme string) error {
		config.RootCAs = roots
		client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}, Timeout: 5 * time.Second}
		response, err := client.Get(scheme + "://" + listener.Addr().String())
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return io.EOF
		}
		return nil
	}
	shows := func(who *issued) *tls.Config {
		pair, err := tls.X509KeyPair(who.certificate, who.key)
		if err != nil {
			t.Fatal(err)
		}
		// Whatever the server asks for, this is shown.
		return &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	if err := ask(shows(client), "https"); err != nil {
		t.Errorf("the right client: %v", err)
	}
	old := shows(client)
	old.MaxVersion = tls.VersionTLS12
	for name, refused := range map[string]error{
		"no certificate":         ask(&tls.Config{}, "https"),
		"of another authority":   ask(shows(stranger), "https"),
		"an older TLS":           ask(old, "https"),
		"a request in the clear": ask(&tls.Config{}, "http"),
	} {
		if refused == nil {
			t.Errorf("%s: was heard", name)
		}
	}
}
