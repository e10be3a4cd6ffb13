// Package requesttermination is the plugin request-termination: it answers
// requests itself, with a fixed status and body or with a copy of the request,
// instead of letting them go upstream.
//
// It runs last in the access phase, so everything else that may refuse or
// answer a request has had its turn.
package requesttermination

import (
	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/flow"
	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/plugin"
	"github.com/sluice-gateway/sluice/schema"
)

// Config of the plugin.
type Config struct {
	// StatusCode of the answer. Default: 503.
	StatusCode int `json:"status_code" default:"503" required:"true" between:"100,599"`
	// Message of the answer {"message":…}. Default: the usual words for 401,
	// 404, 405, 500, 502 and 503; no body for other statuses. It excludes
	// content_type and body.
	Message string `json:"message"`
	// ContentType of body. Default: application/json; charset=utf-8.
	ContentType string `json:"content_type"`
	// Body is sent as it is. Default: none.
	Body string `json:"body"`
	// Echo answers with a JSON copy of the request as it would have gone
	// upstream, credentials included. Default: false. It is for finding
	// errors; use it together with trigger.
	Echo bool `json:"echo" default:"false" required:"true"`
	// Trigger is the name of a header or query argument; only requests that
	// have it are answered. Default: all are.
	Trigger string `json:"trigger" check:"header_name"`
}

// Validate implements schema.Validator. The messages are about the config as
// a whole.
func (c *Config) Validate(e *schema.Errors) {
	switch {
	case c.Message != "" && (c.ContentType != "" || c.Body != ""):
		e.Fail("message cannot be used with content_type or body")
	case c.ContentType != "" && c.Body == "":
		e.Fail("content_type requires a body")
	case c.Echo && (c.ContentType != "" || c.Body != ""):
		e.Fail("echo cannot be used with content_type and body")
	}
}

// Definition describes the plugin.
func Definition() plugin.Definition {
	return plugin.Define("request-termination", 2, build)
}

const typeJSON = "application/json; charset=utf-8"

// defaultMessages are the words for statuses that have some.
var defaultMessages = map[int]string{
	401: "Unauthorized",
	404: "Not found",
	405: "Method not allowed",
	500: "An unexpected error occurred",
	502: "Bad Gateway",
	503: "Service unavailable",
}

type termination struct {
	status      int
	trigger     string
	message     string
	contentType string
	body        []byte
	grpc        *fault.Error // the answer to gRPC calls, nil where it is no other
	echo        bool
	node        plugin.Node
}

func build(c *Config, deps *plugin.Deps) (plugin.Hooks, error) {
	t := &termination{status: c.StatusCode, trigger: c.Trigger, message: c.Message, echo: c.Echo, node: deps.Node}
	if t.message == "" {
		t.message = defaultMessages[c.StatusCode]
	}
	switch {
	case c.Body != "":
		t.body, t.contentType = []byte(c.Body), c.ContentType
	case t.message != "":
		t.body = append(jsonscan.AppendQuote([]byte(`{"message":`), t.message), '}')
	}
	if t.contentType == "" {
		t.contentType = typeJSON
	}
	if c.ContentType == "" {
		t.grpc = grpcAnswer(c.StatusCode, t.message, c.Body)
	}
	return plugin.Hooks{Access: t.access}, nil
}

// grpcAnswer puts the message, or a body that says no type, where gRPC looks
// for it. Without either the name of the gRPC status is sent.
func grpcAnswer(status int, message, body string) *fault.Error {
	f := &fault.Error{
		Kind: fault.Unavailable, Code: status, Message: message, Shape: fault.Exit,
		By: "plugin/request-termination",
	}
	if body != "" {
		f.Message = body
	}
	if f.Message == "" {
		f.Shape = fault.Negotiated
	}
	return f
}

func (t *termination) access(ex *flow.Exchange) (*flow.Reply, error) {
	if t.trigger != "" && !triggered(ex, t.trigger) {
		return nil, nil
	}
	if t.grpc != nil && ex.In.Major == 2 && ex.In.GRPC() {
		return nil, t.grpc
	}
	contentType, body := t.contentType, t.body
	if t.echo {
		contentType, body = typeJSON, t.copyOf(ex)
	}
	r := ex.NewReply(t.status)
	if len(body) == 0 || bodyless(t.status) {
		r.SetBody(nil)
		return r, nil
	}
	r.Header.Set("Content-Type", contentType)
	r.SetBody(body)
	return r, nil
}

// bodyless statuses have no body, by RFC 9110.
func bodyless(status int) bool { return status < 200 || status == 204 || status == 304 }
