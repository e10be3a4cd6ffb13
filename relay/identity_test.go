package relay

import (
	"context"
	"errors"
	"testing"

	"github.com/sluice-gateway/sluice/fault"
	"github.com/sluice-gateway/sluice/identity"
)

// proof is a credential that fails with err, and counts who refused it.
type proof struct {
	err     error
	refused int
}

func (p *proof) Authorize(_ context.Context, r *identity.Request) error {
	if p.err == nil {
		r.Header.Set("Authorization", "Bearer of-the-gateway")
	}
	return p.err
}

func (p *proof) Refused() { p.refused++ }

// TestRefusedCredential: an identity hears of 401 and 403, of nothing else, and
// the caller gets the answer as it is.
func TestRefusedCredential(t *testing.T) {
	for status, want := range map[int]int{200: 0, 400: 0, 401: 1, 403: 1, 404: 0, 429: 0, 500: 0, 503: 0} {
		p := &proof{}
		tg, ex := target(t, func(s *Settings) { s.Identity, s.Model.Name = p, "gpt-4o" }), asking(`{"messages":[{"role":"user","content":"hi"}]}`)
		if err := calling(tg, ex); err != nil {
			t.Fatal(err)
		}
		if err := ex.Call.Prepare(ex, 0); err != nil {
			t.Fatal(err)
		}
		r := answer(status, "application/json", cutAt([]byte(`{"choices":[]}`)))
		if err := ex.Call.Receive(ex, r); err != nil || r.Status != status || p.refused != want {
			t.Errorf("status %d: answered with %d, %v; refused %d times", status, r.Status, err, p.refused)
		}
	}
}

// TestNoCredential: without a credential nothing is sent, and the caller is
// told in words that say nothing of why.
func TestNoCredential(t *testing.T) {
	p := &proof{err: errors.New("token: the endpoint answered with status 503")}
	tg, ex := target(t, func(s *Settings) { s.Identity, s.Model.Name = p, "gpt-4o" }), asking(`{"messages":[{"role":"user","content":"hi"}]}`)
	if err := calling(tg, ex); err != nil {
		t.Fatal(err)
	}
	err := ex.Call.Prepare(ex, 0)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Status() != 500 || f.Message != "LLM request failed before proxying" || f.Shape != fault.AI || !errors.Is(err, p.err) {
		t.Errorf("got %v", err)
	}
}
