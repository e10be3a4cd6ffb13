package speak

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/header"
)

func asking(fields ...string) *flow.Exchange {
	ex := &flow.Exchange{Ctx: context.Background(), ID: "0123456789abcdef0123456789abcdef"}
	ex.In.Major = 1
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		ex.In.Header.Add(name, value)
	}
	return ex
}

// said is the answer to an error: its content type and body.
func said(tb testing.TB, s *Speaker, ex *flow.Exchange, err error) (contentType, body string) {
	tb.Helper()
	r := s.Fault(ex, err)
	if r.Stream != nil {
		b, err := flow.Collect(r.Stream, 0)
		if err != nil {
			tb.Fatal(err)
		}
		body = string(b)
	}
	if r.Length != int64(len(body)) {
		tb.Errorf("length %d of %q", r.Length, body)
	}
	return r.Header.Get("Content-Type"), body
}

// The four templates of the contract.
const (
	asJSON = "{\n  \"message\":\"Forbidden\",\n  \"request_id\":\"0123456789abcdef0123456789abcdef\"\n}"
	asText = "Forbidden\nrequest_id: 0123456789abcdef0123456789abcdef\n"
	asXML  = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>Forbidden</message>\n  <requestid>0123456789abcdef0123456789abcdef</requestid>\n</error>\n"
	asHTML = "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n" +
		"    <p>Forbidden.</p>\n    <p>request_id: 0123456789abcdef0123456789abcdef</p>\n  </body>\n</html>\n"
)

func TestTemplates(t *testing.T) {
	for accept, want := range map[string]struct{ contentType, body string }{
		"application/json": {"application/json; charset=utf-8", asJSON},
		"text/plain":       {"text/plain; charset=utf-8", asText},
		"application/xml":  {"application/xml; charset=utf-8", asXML},
		"text/html":        {"text/html; charset=utf-8", asHTML},
	} {
		contentType, body := said(t, &Speaker{}, asking("Accept: "+accept), &fault.Error{Kind: fault.Forbidden})
		if contentType != want.contentType || body != want.body {
			t.Errorf("%s: got %s\n%s", accept, contentType, body)
		}
	}
}

// TestNegotiate are the rules of selection.
func TestNegotiate(t *testing.T) {
	const fallback = "fallback"
	for _, tt := range []struct{ accept, want string }{
		{"", fallback},
		{"application/json", typeJSON},
		{"Application/JSON; charset=utf-8", typeJSON},
		{"application/*", typeJSON},
		{"text/*", typePlain},
		{"*/*", fallback},
		{"text/xml", fallback},
		{"image/png", fallback},
		{"text/html, application/json", typeHTML},
		{"text/html;q=0.5, application/json", typeJSON},
		{"text/html;q=0.5, application/json;q=0.5", typeHTML},
		{"text/html;level=1;q=0.9, text/plain;q=0.8", typeHTML},
		{"text/html; q=0.2 , application/xml;Q=0.3", typeXML},
		{"image/png, text/html;q=0.9", fallback},
		{"image/png;q=0.1, text/html;q=0.9", typeHTML},
		{"text/html;q=x", typeHTML},
		{",,text/html", fallback}, // an empty entry has the highest q
		{"text/html;q=0", typeHTML},
	} {
		got := Negotiate(tt.accept, fallback)
		if tt.accept == ",,text/html" && got == typeHTML {
			continue // as good
		}
		if got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.accept, got, tt.want)
		}
	}
}

// TestServerLevel: Accept, else Content-Type, else the setting.
func TestServerLevel(t *testing.T) {
	for _, tt := range []struct {
		setting string
		fields  []string
		want    string
	}{
		{"", nil, typePlain},
		{"text/html", nil, typeHTML},
		{"application/json", nil, typeJSON},
		{"application/xml", nil, typeXML},
		{"text/html", []string{"Content-Type: application/json"}, typeJSON},
		{"text/html", []string{"Content-Type: image/png"}, typeHTML},
		{"text/html", []string{"Content-Type: application/json", "Accept: application/xml"}, typeXML},
		{"text/html", []string{"Accept: */*"}, typeJSON},
		{"text/html", []string{"Accept: image/png"}, typeJSON},
	} {
		s := &Speaker{DefaultType: tt.setting}
		got, _ := said(t, s, asking(tt.fields...), &fault.Error{Kind: fault.BadUpstream, Shape: fault.Server})
		if got != tt.want {
			t.Errorf("%q %q: got %s, want %s", tt.setting, tt.fields, got, tt.want)
		}
	}
}

func TestShapes(t *testing.T) {
	ex := asking("Accept: text/html")
	for shape, want := range map[fault.Shape]string{
		fault.Exit: `{"message":"No \"way\""}`, fault.AI: `{"error":{"message":"No \"way\""}}`, fault.Empty: "",
	} {
		contentType, body := said(t, &Speaker{}, ex, &fault.Error{Kind: fault.Invalid, Shape: shape, Message: `No "way"`})
		if body != want || (contentType == typeJSON) != (want != "") {
			t.Errorf("shape %d: got %q, %q", shape, contentType, body)
		}
	}
}

// TestEscaping: a message cannot leave its place.
func TestEscaping(t *testing.T) {
	const message = "<b>&\"'\\\n\x01\xff</b>{}%s"
	f := &fault.Error{Kind: fault.Invalid, Message: message}
	_, body := said(t, &Speaker{}, asking(), f)
	var m struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil || m.Message != strings.ToValidUTF8(message, "\ufffd") {
		t.Errorf("JSON: %v, %q", err, m.Message)
	}
	f.Message = "<b>&\"'</b>"
	_, body = said(t, &Speaker{}, asking("Accept: application/xml"), f)
	var x struct {
		Message string `xml:"message"`
	}
	if err := xml.Unmarshal([]byte(body), &x); err != nil || x.Message != f.Message {
		t.Errorf("XML: %v, %q", err, x.Message)
	}
	if _, body = said(t, &Speaker{}, asking("Accept: text/html"), f); strings.Contains(body, "<b>") || !strings.Contains(body, "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;.") {
		t.Errorf("HTML: %s", body)
	}
	if _, body = said(t, &Speaker{}, asking("Accept: text/plain"), f); !strings.HasPrefix(body, f.Message+"\n") {
		t.Errorf("plain: %s", body)
	}
}

func TestCustomTemplates(t *testing.T) {
	s := &Speaker{Templates: Templates{JSON: `{"m":"%s","id":"%s"}`, HTML: `<p>%s`, XML: `<a/>`, Plain: "%s/%s/%s"}}
	for accept, want := range map[string]string{
		"application/json": `{"m":"a \"%s\"","id":"0123456789abcdef0123456789abcdef"}`,
		"text/html":        `<p>a &quot;%s&quot;`,
		"application/xml":  `<a/>`,
		"text/plain":       "a \"%s\"/0123456789abcdef0123456789abcdef/%s",
	} {
		if _, got := said(t, s, asking("Accept: "+accept), &fault.Error{Kind: fault.Invalid, Message: `a "%s"`}); got != want {
			t.Errorf("%s: got %s", accept, got)
		}
	}
}

// TestStandardMessages are those of the contract.
func TestStandardMessages(t *testing.T) {
	for status, want := range map[int]string{
		400: "Bad request", 404: "Not found", 405: "Method not allowed", 408: "Request timeout", 411: "Length required",
		412: "Precondition failed", 413: "Payload too large", 414: "URI too long", 417: "Expectation failed",
		494: "Request header or cookie too large", 500: "An unexpected error occurred",
		502: "An invalid response was received from the upstream server", 503: "The upstream server is currently unavailable",
		504: "The upstream server is timing out", 599: "The upstream server responded with 599", 401: "Unauthorized", 402: "Payment required",
		403: "Forbidden", 406: "Not acceptable", 407: "Proxy authentication required", 409: "Conflict", 410: "Gone", 415: "Unsupported media type",
		416: "Range not satisfiable", 418: "I'm a teapot", 421: "Misdirected request", 422: "Unprocessable entity", 423: "Locked",
		424: "Failed dependency", 425: "Too early", 426: "Upgrade required", 428: "Precondition required", 429: "Too many requests",
		431: "Request header fields too large", 451: "Unavailable for legal reasons", 501: "Not implemented", 505: "HTTP version not supported",
		506: "Variant also negotiates", 507: "Insufficient storage", 508: "Loop detected", 510: "Not extended", 511: "Network authentication required",
	} {
		if _, got := said(t, &Speaker{}, asking("Accept: text/plain"), &fault.Error{Code: status}); !strings.HasPrefix(got, want+"\n") {
			t.Errorf("%d: got %q", status, got)
		}
	}
}

// TestUnknownErrors are never shown.
func TestUnknownErrors(t *testing.T) {
	r := (&Speaker{}).Fault(asking(), fmt.Errorf("dial tcp 10.0.0.1: %w", errors.New("secret")))
	b, err := flow.Collect(r.Stream, 0)
	if r.Status != 500 || err != nil || string(b) != `{"message":"An unexpected error occurred"}` {
		t.Errorf("got %d %s", r.Status, b)
	}
}

func TestFaultHeader(t *testing.T) {
	f := &fault.Error{Kind: fault.Unauthorized, Header: header.Header{{Name: "WWW-Authenticate", Value: "Key"}}}
	for range 2 {
		r := (&Speaker{}).Fault(asking(), f)
		if r.Status != 401 || r.Header.Get("www-authenticate") != "Key" {
			t.Errorf("got %d, %v", r.Status, r.Header)
		}
	}
	if len(f.Header) != 1 {
		t.Errorf("the fault's own header grew: %v", f.Header)
	}
}

// TestGRPC is the mapping of the contract.
func TestGRPC(t *testing.T) {
	for status, want := range map[int]int{
		200: 0, 204: 0, 301: 2, 400: 3, 401: 16, 403: 7, 404: 5, 405: 3, 409: 6, 418: 3, 429: 8, 499: 1, 500: 13, 501: 12, 502: 13, 503: 14, 504: 4, 599: 13, 101: 2,
	} {
		if got := GRPCStatus(status); got != want {
			t.Errorf("%d: got %d, want %d", status, got, want)
		}
	}
	for _, tt := range []struct {
		f      *fault.Error
		status int
		code   string
		text   string
	}{
		{&fault.Error{Kind: fault.Unauthorized, Message: "No API key"}, 401, "16", "Unauthenticated"},
		{&fault.Error{Kind: fault.Forbidden}, 403, "7", "PermissionDenied"},
		{&fault.Error{Kind: fault.NotFound, Message: "x"}, 404, "5", "NotFound"},
		{&fault.Error{Kind: fault.Limited}, 429, "8", "ResourceExhausted"},
		{&fault.Error{Kind: fault.Invalid}, 400, "3", "InvalidArgument"},
		{&fault.Error{Kind: fault.Internal}, 500, "13", "Internal"},
		{&fault.Error{Kind: fault.Unavailable}, 503, "14", "Unavailable"},
		{&fault.Error{Kind: fault.Timeout}, 504, "4", "DeadlineExceeded"},
		{&fault.Error{Code: 501}, 501, "12", "Unimplemented"},
		{&fault.Error{Kind: fault.Forbidden, Shape: fault.Exit, Message: "50% é\n"}, 403, "7", "50%25 %C3%A9%0A"},
		{&fault.Error{Kind: fault.BadUpstream, Shape: fault.Server}, 502, "13", "An invalid response was received from the upstream server"},
	} {
		ex := asking("content-type: application/grpc+proto")
		ex.In.Major = 2
		r := (&Speaker{}).Fault(ex, tt.f)
		if r.Status != tt.status || r.Stream != nil || r.Header.Get("Content-Type") != "application/grpc" ||
			r.Header.Get("grpc-status") != tt.code || r.Header.Get("grpc-message") != tt.text {
			t.Errorf("%v: got %d %v", tt.f, r.Status, r.Header)
		}
	}
}
