package logentry

import (
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/flow"
)

func (w *Writer) appendResponse(dst []byte, ex *flow.Exchange) []byte {
	dst = number(dst, `{"status":`, int64(ex.Outcome.Status))
	dst = number(dst, `,"size":`, ex.Outcome.Sent)
	dst = append(dst, `,"headers":{`...)
	if ex.Reply != nil {
		from := fields{list: ex.Reply.Header, names: &w.names}
		dst = appendLength(from.append(dst), ex.Reply)
	}
	return append(dst, '}', '}')
}

// appendLength writes the length that the answer announced, which stands in
// no field of the reply.
func appendLength(dst []byte, r *flow.Reply) []byte {
	const name = "content-length"
	if r.Length < 0 || r.Status < 200 || r.Status == 204 || r.Status == 304 || r.Header.Has(name) {
		return dst
	}
	return append(number(comma(dst, ""), `"`+name+`":"`, r.Length), '"')
}

// appendUpstream writes where the request went and what came back.
func appendUpstream(dst []byte, ex *flow.Exchange) []byte {
	dst = append(dst, `,"upstream_uri":"`...)
	if ex.Route != nil {
		dst = text(dst, ex.Out.Path)
		dst = appendUpstreamQuery(dst, ex)
	}
	dst = append(dst, `","upstream_status":"`...)
	for i := range ex.Attempts {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendStatus(dst, &ex.Attempts[i], ex.Outcome.CallerGone)
	}
	return append(dst, '"')
}

// appendUpstreamQuery writes the query that went upstream. What a call to a
// model adds to the caller's may be the provider's key: of that only the
// harmless is shown.
func appendUpstreamQuery(dst []byte, ex *flow.Exchange) []byte {
	query := ex.Out.Query
	switch {
	case query == "" && !ex.Out.HasQuery:
		return dst
	case !toModel(ex) || query == ex.In.Query:
		return text(append(dst, '?'), withoutKeys(ex, query))
	}
	sep := byte('?')
	for part := range strings.SplitSeq(query, "&") {
		dst = append(dst, sep)
		sep = '&'
		name, _, _ := strings.Cut(part, "=")
		if name == "api-version" || name == "alt" || !isKey(ex, part) && hasPart(ex.In.Query, part) {
			dst = text(dst, part)
			continue
		}
		dst = append(text(dst, name), "="+redacted...)
	}
	return dst
}

func hasPart(query, part string) bool {
	for p := range strings.SplitSeq(query, "&") {
		if p == part {
			return true
		}
	}
	return false
}

// toModel tells whether the exchange is a call to a model, for which the
// request upstream is not the caller's own.
func toModel(ex *flow.Exchange) bool { return ex.Call != nil || ex.AI != nil }

// appendStatus writes the status of an attempt; one without an answer has the
// status it was given up with.
func appendStatus(dst []byte, a *flow.Attempt, callerGone bool) []byte {
	switch {
	case a.Status != 0:
		return strconv.AppendInt(dst, int64(a.Status), 10)
	case a.Code != 0:
		return strconv.AppendInt(dst, int64(a.Code), 10)
	case callerGone:
		return append(dst, '-')
	}
	return append(dst, "502"...)
}

// appendTries writes the attempts; without any the member is absent.
func (w *Writer) appendTries(dst []byte, attempts []flow.Attempt) []byte {
	if len(attempts) == 0 {
		return dst
	}
	dst = append(dst, `,"tries":[`...)
	for i := range attempts {
		a := &attempts[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = w.seconds.append(append(dst, `{"balancer_start":`...), a.Began, millis)
		dst = w.seconds.append(append(dst, `,"balancer_start_ns":`...), a.Began, nanos)
		dst = number(dst, `,"balancer_latency":`, a.Balance.Milliseconds())
		dst = number(dst, `,"balancer_latency_ns":`, a.Balance.Nanoseconds())
		dst = member(dst, `,"ip":`, a.IP)
		dst = number(dst, `,"port":`, int64(a.Port))
		if a.State != "" {
			dst = member(dst, `,"state":`, a.State)
			dst = number(dst, `,"code":`, int64(a.Code))
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
