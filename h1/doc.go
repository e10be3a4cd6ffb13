// Package h1 is Sluice's HTTP/1.1 (RFC 9110, RFC 9112), both sides of it: the
// client towards providers and the server towards callers. One exchange at a
// time on one connection, heads parsed strictly in the goroutine of whoever
// asks or serves, bodies handed on read by read.
//
// It stands at the bottom of the house and knows bytes, connections and
// framing only. It must not accept connections, follow redirects, decode
// contents, keep cookies, resolve names, choose targets, retry what may have
// had an effect, read the environment, log, or hold state outside a Client or
// Server.
//
// # Server
//
// A Server makes a ServerConn of each connection. Next reads a request's head,
// Read its body, Begin, Write and End send the answer, Finish tells whether
// there can be another. What could be read as another request by another
// server is refused (BadRequest), and its connection ends. A caller who sends
// a body that nobody reads keeps its connection if the rest is small.
//
// # Safety
//
// A connection goes back to the pool only after a whole, well-framed answer
// whose request was sent in full; on every other way out it is closed. So no
// caller can ever see bytes of another caller's answer.
//
// What is refused although some clients let it pass: bare LF line ends, folded
// lines, white space around a field name, control characters, Content-Length together with
// Transfer-Encoding, differing or listed Content-Lengths, any transfer coding
// but a single chunked, Transfer-Encoding in HTTP/1.0, padded or signed chunk
// sizes, versions other than HTTP/1.0 and HTTP/1.1. What is let pass because
// real servers send it: a status line without reason or without the space
// before it, a repeated but equal Content-Length, a Content-Length in a 1xx or
// 204 answer (ignored), bytes above 0x7F in field values and reasons.
//
// # Timeouts of the client
//
// Read and write timeouts run between two successive operations on the
// connection, not over the whole exchange (the context does that). A timeout of
// T fires between T and T+T/16, since deadlines are not set for every
// operation. While the request body is still being sent the read timeout does
// not fire; it runs from the end of sending.
//
// Those of the server are exact for reading, and for writing as late as the
// client's.
package h1
