package openaichat_test

import (
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaichat"
)

// A choice takes a hundred times its bytes in memory.
func TestManyChoices(t *testing.T) {
	body := `{"choices":[{}` + strings.Repeat(",{}", 1<<20) + `]}`
	var a llm.Response
	if err := openaichat.New(openaichat.Dialect{}).DecodeResponse(&a, []byte(body)); err != nil {
		t.Fatal(err)
	}
	if len(a.Choices) != wire.MaxChoices+1 { // one more tells that there are too many
		t.Errorf("%d choices are read", len(a.Choices))
	}
}
