package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// front starts a guard before a store of the test's own and gives its address. Loopback counts as control.
func front(t *testing.T, store http.HandlerFunc) string {
	t.Helper()
	behind := httptest.NewServer(store)
	t.Cleanup(behind.Close)
	address, _ := url.Parse(behind.URL)
	server := newServer(address, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func TestWhatIsSignedReachesTheStoreAsItWasSent(t *testing.T) {
	type seen struct {
		method, uri, host string
		header            http.Header
		body              string
	}
	got := make(chan seen, 1)
	address := front(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.Method, r.RequestURI, r.Host, r.Header, string(body)}
		w.Header().Set("ETag", `"abc"`)
		w.WriteHeader(http.StatusNoContent)
	})
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	const uri = "/bucket/a%2Fb%20c//d+%C3%A6%7e?prefix=&X-Amz-Signature=%2f&list-type=2&z"
	_, _ = fmt.Fprintf(connection, "PUT %s HTTP/1.1\r\nHost: objects.example:9000\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n"+
		"X-Amz-Date: 20260101T000000Z\r\nX-Amz-Meta-Name: v1\r\nX-Amz-Meta-Name: v2\r\nContent-MD5: q==\r\nContent-Length: 4\r\n\r\nbody", uri)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusNoContent || response.Header.Get("ETag") != `"abc"` {
		t.Errorf("the answer changed: %v %v", response.Status, response.Header)
	}
	s := <-got
	if s.method != "PUT" || s.uri != uri || s.host != "objects.example:9000" || s.body != "body" {
		t.Errorf("the request changed: %+v", s)
	}
	want := map[string]string{"Authorization": "[AWS4-HMAC-SHA256 x]", "X-Amz-Date": "[20260101T000000Z]",
		"X-Amz-Meta-Name": "[v1 v2]", "Content-Md5": "[q==]", "Content-Length": "[4]"}
	for name, value := range want {
		if fmt.Sprint(s.header[name]) != value {
			t.Errorf("%s became %v", name, s.header[name])
		}
	}
	for _, name := range []string{"Accept-Encoding", "X-Forwarded-For", "User-Agent"} {
		if s.header[name] != nil {
			t.Errorf("%s was added: %v", name, s.header[name])
		}
	}
}

func TestABodyOfAnyLengthStreamsBothWays(t *testing.T) {
	const size = 64 << 20
	sums := make(chan []byte, 1)
	address := front(t, func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		body := io.Reader(r.Body)
		if r.Method == http.MethodGet {
			body = io.TeeReader(io.LimitReader(rand.Reader, size), w)
		}
		_, _ = io.Copy(sum, body)
		sums <- sum.Sum(nil)
	})
	up, down := sha256.New(), sha256.New()
	response, err := http.Post("http://"+address+"/bucket/key?uploads", "application/octet-stream",
		io.TeeReader(io.LimitReader(rand.Reader, size), up))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !bytes.Equal(up.Sum(nil), <-sums) {
		t.Error("another body reached the store than was sent")
	}
	response, err = http.Get("http://" + address + "/bucket/key")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(down, response.Body); err != nil || n != size || !bytes.Equal(down.Sum(nil), <-sums) {
		t.Errorf("%d of %d bytes came back whole: %v", n, size, err)
	}
}

// The attack sends Expect: 100-continue and a body; the guard must answer by the head alone, and never ask for more.
func TestARefusedUploadIsNeitherAskedForNorPassedOn(t *testing.T) {
	address := front(t, func(http.ResponseWriter, *http.Request) { t.Error("the store was reached") })
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = fmt.Fprintf(connection, "PUT /bucket/key HTTP/1.1\r\nHost: x\r\nX-Amz-Content-Sha256: %s\r\n"+
		"Expect: 100-continue\r\nContent-Length: 1000000000\r\n\r\n", unsigned)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusForbidden || !strings.Contains(string(text), "<Code>AccessDenied</Code>") {
		t.Errorf("%s %s", response.Status, text)
	}
}

// However a body is measured, what follows it is judged as a request of its own.
func TestASecondRequestHiddenInABodyReachesNobody(t *testing.T) {
	reached := make(chan string, 8)
	address := front(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- r.URL.Path
	})
	hidden := "PUT /bucket/hidden HTTP/1.1\r\nHost: x\r\nX-Amz-Content-Sha256: " + unsigned + "\r\nContent-Length: 0\r\n\r\n"
	for _, lengths := range []string{
		fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(hidden)),
		fmt.Sprintf("Content-Length: %d\r\nContent-Length: 0\r\n", len(hidden)),
		"Transfer-Encoding: chunked, identity\r\n",
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = fmt.Fprintf(connection, "PUT /bucket/key HTTP/1.1\r\nHost: x\r\n%s\r\n0\r\n\r\n%s", lengths, hidden)
		// Until the guard hangs up: by then all that it passes on has been passed on.
		_, _ = io.Copy(io.Discard, connection)
		_ = connection.Close()
	}
	for {
		select {
		case path := <-reached:
			if path != "/bucket/key" {
				t.Errorf("%s reached the store", path)
			}
		default:
			return
		}
	}
}

func TestHeadsAreLimited(t *testing.T) {
	address := front(t, func(http.ResponseWriter, *http.Request) { t.Error("the store was reached") })
	r, _ := http.NewRequest("GET", "http://"+address+"/bucket", nil)
	r.Header.Set("X-Amz-Meta-Long", strings.Repeat("x", 2*maxHeaderBytes))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long head was answered with %s", response.Status)
	}
	server := newServer(&url.URL{}, nil)
	if server.ReadHeaderTimeout <= 0 || server.ReadHeaderTimeout > time.Minute || server.IdleTimeout <= 0 {
		t.Error("a head may take for ever")
	}
}

func TestAStoreThatIsNotThereIsAskedForAgainLater(t *testing.T) {
	server := newServer(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}, nil)
	w := httptest.NewRecorder()
	server.Handler.ServeHTTP(w, request("GET", "/bucket"))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "SlowDown") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
