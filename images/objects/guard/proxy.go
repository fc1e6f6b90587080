package main

import (
	"encoding/xml"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

const (
	maxHeaderBytes    = 32 << 10
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	// A body that stands still for this long is given up, in either direction. One that moves may take as long as it likes.
	stalledAfter = time.Minute
)

// newServer is the front: it judges each request by its head, and passes what is let through to the store as it came.
func newServer(store *url.URL, control []netip.Prefix) *http.Server {
	proxy := newProxy(store)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		remote, _ := net.ResolveTCPAddr("tcp", r.RemoteAddr)
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if refused := judge(r, remote != nil && onControl(control, local, remote)); refused != nil {
			refuse(w, r, refused)
			return
		}
		moving := http.NewResponseController(w)
		// What the last request on this connection has left.
		_ = moving.SetWriteDeadline(time.Time{})
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &movingBody{r.Body, moving}
		}
		proxy.ServeHTTP(&movingWriter{w, moving}, r)
	})
	return &http.Server{
		Handler:           handler,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		// OPTIONS * would otherwise be answered before the judgement.
		DisableGeneralOptionsHandler: true,
	}
}

func newProxy(store *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		// Method, path, query, headers and Host stay as they were signed; only where it goes is new.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = store.Scheme
			r.Out.URL.Host = store.Host
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
			WriteBufferSize:     64 << 10,
			ReadBufferSize:      64 << 10,
		},
		// Answers that come bit by bit are passed on bit by bit.
		FlushInterval: -1,
		BufferPool:    &buffers,
		ErrorLog:      log.Default(),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, r.Context().Err()) {
				log.Printf("the store did not answer: %v", err)
			}
			w.Header().Set("Retry-After", "1")
			answer(w, r, &refusal{http.StatusServiceUnavailable, "SlowDown", "the object store does not answer: try again"})
		},
	}
}

// refuse answers without having read the body, and ends the connection so that it is never read.
func refuse(w http.ResponseWriter, r *http.Request, why *refusal) {
	w.Header().Set("Connection", "close")
	answer(w, r, why)
}

// answer writes an error in the form that clients of S3 read.
func answer(w http.ResponseWriter, r *http.Request, why *refusal) {
	body, _ := xml.Marshal(struct {
		XMLName  xml.Name `xml:"Error"`
		Code     string
		Message  string
		Resource string
	}{Code: why.code, Message: why.message, Resource: r.URL.Path})
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(why.status)
	_, _ = io.WriteString(w, xml.Header)
	_, _ = w.Write(body)
}

// movingBody gives each read of a body a time limit of its own.
type movingBody struct {
	io.ReadCloser
	moving *http.ResponseController
}

func (b *movingBody) Read(p []byte) (int, error) {
	_ = b.moving.SetReadDeadline(time.Now().Add(stalledAfter))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		// The whole body is here: from now on the store may think as long as it likes.
		_ = b.moving.SetReadDeadline(time.Time{})
	}
	return n, err
}

// movingWriter gives each write of an answer a time limit of its own.
type movingWriter struct {
	http.ResponseWriter
	moving *http.ResponseController
}

func (w *movingWriter) Write(p []byte) (int, error) {
	_ = w.moving.SetWriteDeadline(time.Now().Add(stalledAfter))
	return w.ResponseWriter.Write(p)
}

func (w *movingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// buffers are used again from one request to the next.
var buffers = bufferPool{sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}}

type bufferPool struct{ sync.Pool }

func (p *bufferPool) Get() []byte  { return *p.Pool.Get().(*[]byte) }
func (p *bufferPool) Put(b []byte) { p.Pool.Put(&b) }
