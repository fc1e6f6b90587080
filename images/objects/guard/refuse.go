package main

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// A refusal is what a client is told in place of the store's answer.
type refusal struct {
	status  int
	code    string
	message string
}

var (
	refusedUnsigned = &refusal{http.StatusForbidden, "AccessDenied",
		"uploads with an unsigned trailer are not accepted: sign the payload, or send it with a signed trailer"}
	refusedControl = &refusal{http.StatusForbidden, "AccessDenied",
		"administration and temporary credentials are answered on the control network only"}
	refusedMethod = &refusal{http.StatusMethodNotAllowed, "MethodNotAllowed",
		"only GET, HEAD, PUT, POST and DELETE are answered"}
	refusedForm = &refusal{http.StatusBadRequest, "InvalidRequest",
		"the request cannot be read: its path begins with a slash, its query is well formed, and it asks for no other protocol"}
)

// Methods that the S3 API is made of.
var methods = map[string]bool{"GET": true, "HEAD": true, "PUT": true, "POST": true, "DELETE": true}

// judge says why a request is not passed on, or nil. It looks at the head of the request only: no byte of the body has
// been read, nor asked for. control tells whether the request came in on the control network.
func judge(r *http.Request, control bool) *refusal {
	if !methods[r.Method] {
		return refusedMethod
	}
	// After an upgrade the connection would be a tunnel past this judgement.
	if !strings.HasPrefix(r.URL.Path, "/") || r.Header.Get("Upgrade") != "" {
		return refusedForm
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refusedForm
	}
	if unsignedTrailer(r.Header, query) {
		return refusedUnsigned
	}
	if !control && (reserved(r.URL) || temporaryCredentials(r, query)) {
		return refusedControl
	}
	return nil
}

// unsignedTrailer recognises uploads whose payload no signature covers: the store accepts them with any signature from
// whoever knows an access key (CVE-2026-41145, CVE-2026-40344). In every spelling, in header and query.
func unsignedTrailer(header http.Header, query url.Values) bool {
	for _, named := range []map[string][]string{header, query} {
		for name, values := range named {
			if !strings.EqualFold(strings.TrimSpace(name), "x-amz-content-sha256") {
				continue
			}
			for _, value := range values {
				if strings.Contains(strings.ToUpper(value), "STREAMING-UNSIGNED") {
					return true
				}
			}
		}
	}
	return false
}

// reserved recognises paths under /minio, where the store keeps administration, metrics and what its nodes say to each
// other. No bucket can have that name. Paths are compared as the most lenient reader would understand them.
func reserved(u *url.URL) bool {
	understood := strings.ToLower(u.Path)
	// Decoded again, as long as that changes anything: %2561 is an a to whoever decodes twice.
	for range 4 {
		decoded, err := url.PathUnescape(understood)
		if err != nil || decoded == understood {
			break
		}
		understood = strings.ToLower(decoded)
	}
	understood = strings.ReplaceAll(understood, "\\", "/")
	for _, reading := range []string{path.Clean(understood), collapse(understood)} {
		if reading == "/minio" || strings.HasPrefix(reading, "/minio/") {
			return true
		}
	}
	return false
}

// collapse makes one slash of several and leaves dots as they are.
func collapse(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// temporaryCredentials recognises the Security Token Service. The store answers it on every path: by an Action in the
// query, or by a form in the body of a POST that has no query. Nothing in S3 needs either.
func temporaryCredentials(r *http.Request, query url.Values) bool {
	for name := range query {
		if strings.EqualFold(name, "Action") {
			return true
		}
	}
	if r.Method != http.MethodPost {
		return false
	}
	if path.Clean(r.URL.Path) == "/" {
		return true
	}
	for _, value := range r.Header.Values("Content-Type") {
		media, _, err := mime.ParseMediaType(value)
		form := strings.Contains(strings.ToLower(value), "x-www-form-urlencoded")
		if form || (err == nil && media == "application/x-www-form-urlencoded") {
			return r.URL.RawQuery == "" || !subresource(query)
		}
	}
	return false
}

// subresource tells whether a POST is one of S3's own that may carry any content type: it is the type of the object.
func subresource(query url.Values) bool {
	for _, name := range []string{"uploads", "uploadId"} {
		if query.Has(name) {
			return true
		}
	}
	return false
}

// onControl tells whether a connection lies wholly in one of the control networks: it came in on our address there, from
// an address there. A container of a tenant that sends to that address by another way has neither at once.
func onControl(networks []netip.Prefix, local, remote net.Addr) bool {
	here, there := addressOf(local), addressOf(remote)
	for _, network := range networks {
		if network.Contains(here) && network.Contains(there) {
			return true
		}
	}
	return false
}

func addressOf(addr net.Addr) netip.Addr {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}
