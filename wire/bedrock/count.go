package bedrock

import (
	"encoding/base64"

	"github.com/sluice-gateway/sluice/wire"
)

// countedBody is where InvokeModel's question is that is to be counted.
const countedBody = "input.invokeModel.body"

// inCount is the format of a question whose tokens are to be counted: one of
// Converse, or one of InvokeModel in base64.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokensInput.html
func (c Callers) inCount(model string, q wire.Question) wire.Client {
	input := wire.Get(q.Body, "input")
	asked := wire.Get(input, "invokeModel")
	switch {
	case wire.Get(input, "converse") != nil:
		return c.Client
	case asked == nil:
		return refused{c.Client, wire.Invalid{Field: "input", Message: "must have converse or invokeModel"}}
	}
	inner, err := base64.StdEncoding.AppendDecode(nil, wire.TextBytes(wire.Get(asked, "body")))
	if err != nil || len(inner) == 0 {
		return refused{carried{}, wire.Invalid{Field: countedBody, Message: "must be the model's question in base64"}}
	}
	return carried{family: c.family(model, marksOf(wire.Question{Body: inner})), inner: inner}
}
