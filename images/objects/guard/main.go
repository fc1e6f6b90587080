// The guard stands in front of the object store: it starts the unmodified server as its child on the container's
// loopback and is the only way to it. It refuses what the server would wrongly let in, and answers administration and
// temporary credentials on the control network only. It ends when the server ends.
//
//	guard --listen 0.0.0.0:9000 --control 172.28.0.0/24 --store 127.0.0.1:9001 -- /usr/bin/minio server …
//
// With a certificate among its secrets it speaks TLS and nothing else.
//
//	guard --health 127.0.0.1:9001
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
)

// EX_CONFIG: it was started wrongly, and starting it again will not help.
const exitConfig = 78

type prefixes []netip.Prefix

func (p *prefixes) String() string { return fmt.Sprint(*p) }

func (p *prefixes) Set(text string) error {
	prefix, err := netip.ParsePrefix(text)
	if err == nil {
		*p = append(*p, prefix.Masked())
	}
	return err
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("guard: ")
	var control prefixes
	listen := flag.String("listen", "0.0.0.0:9000", "address that requests come in on")
	store := flag.String("store", "127.0.0.1:9001", "address on loopback that the store listens on")
	health := flag.String("health", "", "ask the store at this address whether it is ready, and exit")
	secrets := flag.String("secrets", "/run/secrets", "folder in which objects_certificate, objects_key and clients_authority are looked for")
	flag.Var(&control, "control", "network on which administration is answered (may be given again)")
	flag.Parse()
	if *health != "" {
		os.Exit(askHealth(*health))
	}
	if err := check(*store, flag.Args()); err != nil {
		log.Print(err)
		os.Exit(exitConfig)
	}
	secure, err := certificates(*secrets)
	if err != nil {
		log.Print(err)
		os.Exit(exitConfig)
	}
	os.Exit(run(*listen, secure, *store, control, flag.Args()))
}

// check refuses to start a store that could be reached past the guard, or by a password that everybody knows: the server
// falls back to one when a secret file is not there.
func check(store string, command []string) error {
	if len(command) == 0 {
		return errors.New("there is no program to start: give it after --")
	}
	address, err := netip.ParseAddrPort(store)
	if err != nil || !address.Addr().IsLoopback() {
		return fmt.Errorf("--store %s is not an address on loopback: the store must be reached through the guard alone", store)
	}
	for _, name := range []string{"MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"} {
		file := os.Getenv(name + "_FILE")
		secret, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(secret)) == "" {
			return fmt.Errorf("%s_FILE does not name a file with a secret in it: %q", name, file)
		}
	}
	return nil
}

func run(listen string, secure *tls.Config, store string, control []netip.Prefix, command []string) int {
	listener, err := net.Listen("tcp4", listen)
	if err != nil {
		log.Printf("cannot listen: %v", err)
		return 1
	}
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	child, err := startChild(command)
	if err != nil {
		log.Printf("cannot start the store: %v", err)
		return 1
	}
	done := make(chan struct{})
	defer close(done)
	// The store's folder is the last word of its command.
	go clearWaste(command[len(command)-1], wasteEvery, wasteRests, done)
	server := newServer(&url.URL{Scheme: "http", Host: store}, control)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("the front has ended: %v", err)
			child.end()
		}
	}()
	code := child.wait(func() { go stop(server) })
	stop(server)
	return code
}

// stop takes no new connection, and lets answers that are under way reach their clients.
func stop(server *http.Server) {
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close()
	}
}

// askHealth is the container's health check: no shell and no curl are needed in the image.
func askHealth(store string) int {
	client := http.Client{Timeout: 4 * time.Second}
	response, err := client.Get("http://" + store + "/minio/health/live")
	if err != nil || response.StatusCode != http.StatusOK {
		return 1
	}
	return 0
}
