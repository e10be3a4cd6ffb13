package rerank

import (
	"errors"
	"fmt"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var errShape = errors.New("the answer has no results")

// reader reads answers. The formats differ in where the results are.
type reader struct{}

// DecodeResponse implements wire.RerankProvider.
func (reader) DecodeResponse(a *llm.RerankResponse, r *llm.RerankRequest, body []byte) error {
	if err := wire.Check(body); err != nil {
		return err
	}
	a.Usage = llm.NoUsage()
	found := false
	for f := wire.NewFields(body); f.Next(); {
		v := f.Value()
		switch name := f.Name(); name {
		case "output":
			v = wire.Get(v, "results") // as DashScope has them
			fallthrough
		case "results", "data":
			if found || !wire.IsArray(v) {
				break
			}
			found = true
			if err := readResults(a, r, v); err != nil {
				return err
			}
		default:
			readMeta(a, name, v)
		}
	}
	failed := wire.Null(wire.Get(body, "error")) != nil
	switch {
	case found && (len(a.Results) > 0 || !failed):
		return nil
	case failed || wire.IsString(wire.Get(body, "message")):
		return wire.ReadError(502, nil, body)
	}
	return errShape
}

func readMeta(a *llm.RerankResponse, name string, v llm.JSON) {
	switch name {
	case "id", "request_id":
		a.ID = wire.Text(v)
	case "model":
		a.Model = wire.Text(v)
	case "usage":
		count(&a.Usage, v)
	case "meta":
		countCohere(&a.Usage, v)
	}
}

// readResults takes no more results than there are documents, whatever comes.
func readResults(a *llm.RerankResponse, r *llm.RerankRequest, v llm.JSON) error {
	seen := make([]bool, len(r.Documents))
	items := wire.Items(v)
	for item, ok := items.Next(); ok; item, ok = items.Next() {
		x, err := readResult(item)
		switch {
		case err != nil:
			return fmt.Errorf("results[%d]: %w", len(a.Results), err)
		case x.Index < 0 || x.Index >= len(seen):
			return fmt.Errorf("results[%d]: index %d of %d documents", len(a.Results), x.Index, len(seen))
		case seen[x.Index]:
			return fmt.Errorf("results[%d]: index %d has come before", len(a.Results), x.Index)
		}
		seen[x.Index] = true
		a.Results = append(a.Results, x)
	}
	return nil
}

var (
	errIndex = errors.New("no index")
	errScore = errors.New("no relevance_score")
)

func readResult(item llm.JSON) (llm.Ranked, error) {
	x := llm.Ranked{Index: -1}
	indexed := false
	for f := wire.NewFields(item); f.Next(); {
		switch f.Name() {
		case "index":
			n, ok := wire.Int(f.Value())
			x.Index, indexed = int(n), ok
		case "relevance_score":
			x.Score = f.Value()
		}
	}
	switch {
	case !indexed:
		return x, errIndex
	case !wire.IsNumber(x.Score):
		return x, errScore
	}
	return x, nil
}

// count reads the tokens; some tell the total only.
func count(u *llm.Usage, v llm.JSON) {
	if n, ok := wire.Count(wire.Get(v, "total_tokens")); ok {
		u.Total, u.Prompt = n, n
	}
	wire.TakeCount(&u.Prompt, wire.Get(v, "prompt_tokens"))
}

// countCohere reads what was billed: searches, with most models, and no tokens.
func countCohere(u *llm.Usage, v llm.JSON) {
	for _, name := range [...]string{"tokens", "billed_units"} {
		wire.TakeCount(&u.Prompt, wire.Get(v, name, "input_tokens"))
	}
	wire.TakeCount(&u.SearchUnits, wire.Get(v, "billed_units", "search_units"))
}

// DecodeError implements wire.RerankProvider. It never fails.
func (reader) DecodeError(status int, header func(name string) string, body []byte) *llm.Error {
	return wire.ReadError(status, header, body)
}
