// Package wire speaks to a whole gateway over bare connections, byte by byte:
// what RFC 9112 wants of a server that stands before others, above all that no
// two of them disagree about where a request ends.
//
// It holds tables of requests with the answers that any right server gives.
// It must not look at how the gateway is made, nor at texts that the protocol
// leaves open.
package wire
