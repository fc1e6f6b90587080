package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

const unsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

func request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = append(r.Header[headers[i]], headers[i+1])
	}
	return r
}

func TestUnsignedTrailersAreRefusedOnEveryNetworkInEverySpelling(t *testing.T) {
	for _, r := range []*http.Request{
		request("PUT", "/b/k", "X-Amz-Content-Sha256", unsigned),
		request("PUT", "/b/k", "x-amz-content-sha256", strings.ToLower(unsigned)),
		request("PUT", "/b/k", "X-AMZ-CONTENT-SHA256", "Streaming-Unsigned-Something-New"),
		request("PUT", "/b/k", "X-Amz-Content-Sha256", " "+unsigned),
		request("PUT", "/b/k", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", "X-Amz-Content-Sha256", unsigned),
		request("PUT", "/b/k?X-Amz-Content-Sha256="+unsigned),
		request("PUT", "/b/k?x-amz-content-sha256="+strings.ToLower(unsigned)),
		request("PUT", "/b/k?x-amz-content-sha256=abc&X-Amz-Content-Sha256="+unsigned),
		request("PUT", "/b/k?X-Amz%2DContent-Sha256=%53TREAMING-UNSIGNED-PAYLOAD-TRAILER"),
		request("POST", "/b/k?uploads&X-Amz-Content-Sha256="+unsigned),
		request("GET", "/b/k", "X-Amz-Content-Sha256", unsigned),
	} {
		for _, control := range []bool{true, false} {
			if judge(r, control) != refusedUnsigned {
				t.Errorf("%s %s %v was let through (control: %v)", r.Method, r.URL, r.Header, control)
			}
		}
	}
}

func TestAdministrationIsAnsweredOnTheControlNetworkOnly(t *testing.T) {
	for _, r := range []*http.Request{
		request("PUT", "/minio/admin/v3/add-user?accessKey=x"),
		request("GET", "/minio/admin"),
		request("GET", "/minio"),
		request("GET", "/minio/v2/metrics/cluster"),
		request("PUT", "/minio/kms/v1/key/create"),
		request("GET", "//minio//admin/v3/info"),
		request("GET", "/Minio/Admin/v3/info"),
		request("GET", "/minio/%61dmin/v3/info"),
		request("GET", "/%6dinio/admin/v3/info"),
		request("GET", "/%256dinio/admin/v3/info"),
		request("GET", "/bucket/../minio/admin/v3/info"),
		request("GET", "/bucket/%2e%2e/minio/admin/v3/info"),
		request("GET", "/./minio/admin/v3/info"),
		request("GET", "/minio%2Fadmin/v3/info"),
		request("GET", "/minio\\admin"),
	} {
		if judge(r, false) != refusedControl {
			t.Errorf("%s %s was let through from a tenant's network", r.Method, r.URL)
		}
		if refused := judge(r, true); refused != nil {
			t.Errorf("%s %s was refused on the control network: %s", r.Method, r.URL, refused.message)
		}
	}
}

func TestTemporaryCredentialsAreAnsweredOnTheControlNetworkOnly(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, r := range []*http.Request{
		request("POST", "/", "Content-Type", form),
		request("POST", "/"),
		request("POST", "//"),
		request("POST", "/bucket/key", "Content-Type", form),
		request("POST", "/bucket", "Content-Type", form+"; charset=utf-8"),
		request("POST", "/bucket", "Content-Type", "Application/X-WWW-Form-URLencoded"),
		request("POST", "/bucket", "Content-Type", "text/plain", "Content-Type", form),
		request("POST", "/bucket", "Content-Type", form+"; ;broken"),
		request("POST", "/bucket?x=y", "Content-Type", form),
		request("POST", "/?Action=AssumeRole&Version=2011-06-15"),
		request("POST", "/bucket?Action=AssumeRoleWithWebIdentity&Version=2011-06-15"),
		request("POST", "/bucket?action=AssumeRoleWithLDAPIdentity"),
		request("POST", "/bucket?uploads&Action=AssumeRoleWithCertificate"),
		request("GET", "/?Action=AssumeRoleWithCustomToken"),
	} {
		if judge(r, false) != refusedControl {
			t.Errorf("%s %s %v was let through from a tenant's network", r.Method, r.URL, r.Header)
		}
		if refused := judge(r, true); refused != nil {
			t.Errorf("%s %s was refused on the control network: %s", r.Method, r.URL, refused.message)
		}
	}
}

func TestWhatS3IsMadeOfIsLetThroughFromATenantsNetwork(t *testing.T) {
	for _, r := range []*http.Request{
		request("GET", "/"),
		request("GET", "/bucket?list-type=2&prefix=raw%2F"),
		request("PUT", "/bucket/raw/a%20b+c/%C3%A6", "X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
		request("PUT", "/bucket/key", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
		request("POST", "/bucket/key?uploads=", "Content-Type", "application/x-www-form-urlencoded"),
		request("POST", "/bucket/key?uploadId=7", "Content-Type", "application/xml"),
		request("POST", "/bucket?delete", "Content-Type", "application/xml"),
		request("HEAD", "/bucket/minio/admin"),
		request("GET", "/minio-of-ours/admin"),
		request("DELETE", "/bucket/key?versionId=1"),
	} {
		if refused := judge(r, false); refused != nil {
			t.Errorf("%s %s was refused: %s", r.Method, r.URL, refused.message)
		}
	}
}

func TestWhatCannotBeReadForCertainIsRefused(t *testing.T) {
	star := request("GET", "/")
	star.URL.Path = "*"
	for _, r := range []*http.Request{
		star,
		request("GET", "/b?x=%zz"),
		request("GET", "/b?a=1;X-Amz-Content-Sha256="+unsigned),
		request("GET", "/minio/grid/v1", "Upgrade", "websocket", "Connection", "Upgrade"),
	} {
		if judge(r, true) != refusedForm {
			t.Errorf("%s %s was let through", r.Method, r.URL)
		}
	}
	for _, method := range []string{"CONNECT", "TRACE", "OPTIONS", "PATCH", "get", "FOO"} {
		r := request("GET", "/b")
		r.Method = method
		if judge(r, true) != refusedMethod {
			t.Errorf("%s was let through", method)
		}
	}
}

func TestAConnectionIsControlsOnlyWithBothEndsInOneOfItsNetworks(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("172.28.0.0/24"), netip.MustParsePrefix("10.9.0.0/16")}
	for _, c := range []struct {
		local, remote string
		want          bool
	}{
		{"172.28.0.12:9000", "172.28.0.1:4000", true},
		{"10.9.1.1:9000", "10.9.2.2:4000", true},
		{"172.28.0.12:9000", "172.28.7.5:4000", false},
		{"172.28.7.12:9000", "172.28.0.1:4000", false},
		{"172.28.7.12:9000", "172.28.7.5:4000", false},
		{"172.28.0.12:9000", "10.9.0.1:4000", false},
		{"127.0.0.1:9000", "127.0.0.1:4000", false},
		{"[::ffff:172.28.0.12]:9000", "[::ffff:172.28.0.1]:4000", true},
	} {
		local, _ := net.ResolveTCPAddr("tcp", c.local)
		remote, _ := net.ResolveTCPAddr("tcp", c.remote)
		if onControl(networks, local, remote) != c.want {
			t.Errorf("%s from %s: control is %v", c.local, c.remote, !c.want)
		}
	}
	if onControl(networks, nil, nil) || onControl(networks, &net.UnixAddr{}, &net.UnixAddr{}) {
		t.Error("a connection without addresses is control's")
	}
}
