package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// certificates looks in the folder of secrets for how to speak TLS: with objects_certificate and objects_key, and where
// clients_authority is there, with those alone who show a certificate of that authority. Without objects_certificate it
// is nil: requests come in the clear, and a client that was told to expect TLS does not send any.
func certificates(folder string) (*tls.Config, error) {
	at := func(name string) string { return filepath.Join(folder, name) }
	if _, err := os.Stat(at("objects_certificate")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	own, err := tls.LoadX509KeyPair(at("objects_certificate"), at("objects_key"))
	if err != nil {
		return nil, fmt.Errorf("%s and objects_key are not a certificate and its key: %w", at("objects_certificate"), err)
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, NextProtos: []string{"http/1.1"}}
	text, err := os.ReadFile(at("clients_authority"))
	if errors.Is(err, fs.ErrNotExist) {
		return secure, nil
	}
	if err != nil {
		return nil, err
	}
	secure.ClientCAs = x509.NewCertPool()
	if !secure.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate as PEM text", at("clients_authority"))
	}
	secure.ClientAuth = tls.RequireAndVerifyClientCert
	return secure, nil
}
