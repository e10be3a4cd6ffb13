// Package flow holds what moves through the house: the exchange (one request
// and its answer), its body, the reply and the stream in it, and the attempts
// made upstream.
//
// An exchange belongs to one goroutine. What a plugin needs stands in plain
// fields, visible to the compiler; the context carries cancellation and
// nothing else. flow decides nothing: it must not know plugins, formats,
// sockets or net/http.
package flow

import (
	"context"
	"crypto/tls"
	"log/slog"
	"slices"
	"time"

	"github.com/sluice-gateway/sluice/config"
	"github.com/sluice-gateway/sluice/header"
)

// Header is the ordered header of a message.
type Header = header.Header

// Exchange is one request and its answer.
type Exchange struct {
	// Ctx ends when the caller has gone or the gateway gives up.
	Ctx context.Context
	// ID is the request id: 32 lower-case hex digits.
	ID string
	// Started is when the request's head had been read.
	Started time.Time

	// In is the request as received. Nobody changes it after listen.
	In Request
	// Out is what goes upstream. Plugins change it in the access phase.
	Out Outgoing
	// Body is the request's body.
	Body Body

	// Route, Service: what was matched; nil before routing, or without.
	Route   *config.Route
	Service *config.Service
	// Prefix is what strip_path removes; Captures are those of a regex path.
	Prefix   string
	Captures Captures

	// Dir answers questions about consumers and credentials. It is set
	// until the access phase ends.
	Dir Directory
	// Consumer and Groups: who asks, set by authentication.
	Consumer *config.Consumer
	Groups   []*config.ConsumerGroup
	// Credential that was accepted; nil when nobody authenticated.
	Credential *Credential
	// AuthenticatedGroups are group names vouched for by an outside source.
	AuthenticatedGroups []string

	// Call takes part in sending when more is to be done than passing the
	// request on; nil for plain HTTP.
	Call Call
	// AI is what is known of an exchange with a model; nil otherwise.
	AI *AI

	// Attempts made upstream, in order.
	Attempts []Attempt
	// Reply is the answer being sent.
	Reply *Reply
	// Outcome is final once the log phase begins.
	Outcome Outcome
	// Times along the way; zero when the station was not reached.
	Times Times

	// Plan is what the engine holds for the exchange; its meaning is the
	// engine's own.
	Plan any
	// Scratch is package send's; it is kept when the exchange is used again.
	Scratch any
	// Picks is the chain's note of which instance runs in which slot.
	Picks []int32
	// Log is the gateway's own; Logger is it with the request id.
	Log *slog.Logger

	fields    []LogField
	concealed []string
	notes     []note
	done      []func(*Exchange)
	pooled    Reply
}

// Times are the stations of an exchange.
type Times struct {
	AccessEnd time.Time // the access phase ended
	Upstream  time.Time // the last attempt began
	Head      time.Time // the upstream's response head was read
	Done      time.Time // the last byte was sent
}

// Request is the head of a request as received.
type Request struct {
	Method string
	Proto  string // "HTTP/1.1", "HTTP/2.0"
	Major  int    // 1 or 2
	Target string // the request target as sent
	Path   string // Target without query
	Query  string // after the question mark, without it
	// HasQuery tells a lone trailing question mark from none.
	HasQuery bool
	Host     string // as received, with port
	Header   Header // without Host
	Scheme   string // "http" or "https": how it arrived
	TLS      *tls.ConnectionState
	Peer     string // IP of the connecting peer
	PeerPort int
	Port     int    // the listener's port
	PortText string // Port in decimal
	Addr     string // IP of the listener, as the caller reached it
	// Conn numbers the caller's connection, from 1 per process; ConnRequests
	// its requests, this one included. Both are 0 when unknown.
	Conn         uint64
	ConnRequests int
	ClientIP     string // after trusted_ips
	Trusted      bool   // the peer is one of trusted_ips
	Size         int    // bytes of request line and headers, as near as known
	// Upgrade is the protocol of an upgrade request, lower case, or "".
	Upgrade string
	// Length of the body: -1 unknown, 0 none.
	Length int64
}

// GRPC tells whether the request is a gRPC call.
func (r *Request) GRPC() bool {
	ct := r.Header.Get("Content-Type")
	return len(ct) >= 16 && ct[:16] == "application/grpc"
}

// Outgoing is the request that goes upstream. Path is escaped; Host is the
// value of the Host header.
type Outgoing struct {
	Method string
	Scheme string // "http", "https", "grpc", "grpcs"
	Addr   string // host name, IP or upstream name to connect to
	Port   int
	Path   string
	Query  string
	// HasQuery keeps a lone trailing question mark.
	HasQuery bool
	Host     string
	Header   Header
	// Wire is the final header, hop-by-hop fields removed and forwarding
	// fields added; send writes it afresh for every attempt.
	Wire Header
}

// URI is path and query as they go on the request line.
func (o *Outgoing) URI() string {
	if o.Query == "" && !o.HasQuery {
		return o.Path
	}
	return o.Path + "?" + o.Query
}

// Credential is what a caller authenticated with.
type Credential struct {
	ID         string // id of the credential, or what the plugin calls it
	ConsumerID string
}

// Directory answers who somebody is, as of the exchange's configuration.
type Directory interface {
	// Consumer by id or username; nil when there is none.
	Consumer(idOrName string) *config.Consumer
	// ConsumerGroups of a consumer, sorted by name.
	ConsumerGroups(consumerID string) []*config.ConsumerGroup
	// KeyAuth finds a live credential by its key; nil when there is none.
	KeyAuth(key string) *config.KeyAuthCredential
	// ACLGroups of a consumer.
	ACLGroups(consumerID string) []string
}

// Outcome is how an exchange ended.
type Outcome struct {
	Status int
	// Sent is how many bytes went to the caller, head included (an estimate
	// of the head), Body how many of them were body.
	Sent int64
	Body int64
	// Err is why the answer ended early: the caller left, the upstream broke.
	Err error
	// CallerGone tells that the caller hung up before the end.
	CallerGone bool
}

// LogField is an entry that a plugin puts into the log entry at a dotted path.
type LogField struct {
	Path  string
	Value any
}

// Logger is the log with the request id. It is made when it is asked for,
// since most exchanges log nothing.
func (ex *Exchange) Logger() *slog.Logger {
	if ex.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return ex.Log.With(slog.String("request_id", ex.ID))
}

// SetLogField sets a value in the log entry; the last value of a path counts.
func (ex *Exchange) SetLogField(path string, value any) {
	for i := range ex.fields {
		if ex.fields[i].Path == path {
			ex.fields[i].Value = value
			return
		}
	}
	ex.fields = append(ex.fields, LogField{path, value})
}

// LogFields lists what plugins added to the log entry.
func (ex *Exchange) LogFields() []LogField { return ex.fields }

// Conceal names header fields and query arguments that hold keys: logs show
// none of their values.
func (ex *Exchange) Conceal(names ...string) { ex.concealed = append(ex.concealed, names...) }

// Concealed lists the names whose values logs must not show.
func (ex *Exchange) Concealed() []string { return ex.concealed }

// OnDone registers f to run after the log phase, last in first out. It is for
// releasing what the exchange holds, nothing else.
func (ex *Exchange) OnDone(f func(*Exchange)) { ex.done = append(ex.done, f) }

// Finish runs what OnDone collected, once, and frees the body. The exchange
// may be reset and used again afterwards.
func (ex *Exchange) Finish() {
	for _, f := range slices.Backward(ex.done) {
		f(ex)
	}
	ex.done = ex.done[:0]
	if ex.Call != nil {
		ex.Call.Release()
		ex.Call, ex.AI = nil, nil
	}
	ex.Body.Release()
}

// NewReply returns the exchange's own reply, emptied. There is one: a second
// call hands out the same again.
func (ex *Exchange) NewReply(status int) *Reply {
	ex.pooled = Reply{Status: status, Header: ex.pooled.Header[:0]}
	return &ex.pooled
}

// Reset empties the exchange for the next request and keeps its buffers.
func (ex *Exchange) Reset() {
	clear(ex.fields)
	clear(ex.concealed)
	clear(ex.notes)
	clear(ex.Attempts)
	edits := ex.Body.edits
	edits.Reset()
	in, out, wire, rep := ex.In.Header, ex.Out.Header, ex.Out.Wire, ex.pooled.Header
	clear(in)
	clear(out)
	clear(wire)
	clear(rep)
	*ex = Exchange{
		Scratch: ex.Scratch, fields: ex.fields[:0], concealed: ex.concealed[:0], notes: ex.notes[:0], Attempts: ex.Attempts[:0], Picks: ex.Picks[:0], done: ex.done[:0],
	}
	ex.Body.edits = edits
	ex.In.Header, ex.Out.Header, ex.Out.Wire, ex.pooled.Header = in[:0], out[:0], wire[:0], rep[:0]
}

// Captures are the groups of a path's regular expression.
type Captures struct {
	// Names[i] is the name of group i+1, or "".
	Names []string
	// Values[i] is the text of group i+1.
	Values []string
}

// Get returns the group called name.
func (c Captures) Get(name string) (string, bool) {
	for i, n := range c.Names {
		if n == name && n != "" && i < len(c.Values) {
			return c.Values[i], true
		}
	}
	return "", false
}
