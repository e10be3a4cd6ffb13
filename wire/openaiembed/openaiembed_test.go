package openaiembed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
	"github.com/sluice-gateway/sluice/wire/openaiembed"
)

func decode(body string) (*llm.EmbedRequest, error) {
	var r llm.EmbedRequest
	err := openaiembed.Client{}.DecodeRequest(&r, wire.Question{Body: []byte(body)})
	return &r, err
}

// TestRequest: what is decoded comes out again, and Mistral's way.
func TestRequest(t *testing.T) {
	for _, tt := range []struct{ name, body, mistral, notes string }{
		{"text", `{"model":"m","input":"a"}`, ``, "[]"},
		{"texts", `{"model":"m","input":["a","b"]}`, ``, "[]"},
		{"one in a list", `{"model":"m","input":["a"]}`, ``, "[]"},
		{
			"everything", `{"model":"m","input":"a","dimensions":3,"encoding_format":"base64","user":"u"}`,
			`{"model":"m","input":"a","output_dimension":3,"encoding_format":"base64"}`, "[user]",
		},
		{"Mistral's", `{"model":"m","input":["a"],"output_dimension":3,"output_dtype":"int8","encoding_format":"float"}`, ``, "[]"},
		{"Voyage's", `{"model":"m","input":["a"],"input_type":"query","truncation":true,"output_dimension":null}`, ``, "[]"},
		{"NVIDIA's", `{"model":"m","input":["a"],"input_type":"passage"}`, ``, "[]"},
		{"unknown words", `{"model":"m","input":["a"],"input_type":"x","encoding_format":"y","dimensions":"z","user":null}`, ``, "[]"},
	} {
		r, err := decode(tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		body, notes := put(t, openaiembed.Provider{}, r)
		same(t, tt.name, body, []byte(tt.body))
		if len(notes) > 0 {
			t.Errorf("%s: notes %q", tt.name, notes)
		}
		body, notes = put(t, openaiembed.Provider{Mistral: true}, r)
		if tt.mistral == "" {
			tt.mistral = tt.body
		}
		same(t, tt.name, body, []byte(tt.mistral))
		if got := fmt.Sprint(notes); got != tt.notes {
			t.Errorf("%s: notes %s", tt.name, got)
		}
	}
}

// TestTokens: OpenAI knows tokens, Mistral does not.
func TestTokens(t *testing.T) {
	for _, body := range []string{`{"model":"m","input":[1,2]}`, `{"model":"m","input":[[1,2],[3]]}`, `{"model":"m","input":["a",[3]]}`, `{"model":"m","input":[{"image":"x"}]}`} {
		r, err := decode(body)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := put(t, openaiembed.Provider{}, r)
		same(t, "tokens", got, []byte(body))
		_, err = openaiembed.Provider{Mistral: true}.EncodeRequest(nil, r, &wire.Notes{})
		if _, ok := err.(*wire.Invalid); !ok {
			t.Errorf("%s for Mistral: %v", body, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"model":"m"}`, "input: must be a text"},
		{`{"input":[]}`, "input: must be a text"},
		{`{"input":null}`, "input: must be a text"},
		{`{"input":{"a":1}}`, "input: must be a text"},
		{`{"input":[null]}`, "input: must hold texts"},
		{`{"input":["a",1]}`, "input: must hold texts"},
		{`{"input":[1,"a"]}`, "input: must hold texts"},
		{`{"input":[[1],["a"]]}`, "input: must hold texts"},
		{`{"input":[[[1]]]}`, "input: must hold texts"},
		{`{"input":["a"` + strings.Repeat(`,"a"`, wire.MaxInputs) + `]}`, "input: more than 16384 of them; send several requests"},
		{`{"input":"a","input":"b"}`, "duplicate"},
		{`[1]`, "must be a JSON object"},
		{`{`, ""},
	} {
		_, err := decode(tt.body)
		if _, ok := err.(*wire.Invalid); !ok || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.body, err)
		}
	}
}

// TestForeign: questions of other formats.
func TestForeign(t *testing.T) {
	r := &llm.EmbedRequest{
		Model: "m", Inputs: inputs("a"), Dimensions: llm.JSON("3"), Purpose: llm.PurposeQuery, Encoding: llm.EncodingFloat,
		Extra: llm.Extra{From: "x", Members: []llm.Member{{Name: "truncate", Value: llm.JSON(`"END"`)}}},
	}
	r.Inputs[0].Title = llm.JSON(`"t"`)
	body, notes := put(t, openaiembed.Provider{}, r)
	same(t, "request", body, []byte(`{"model":"m","input":["a"],"dimensions":3,"encoding_format":"float"}`))
	if got := fmt.Sprint(notes); got != "[input_type input[0].title truncate]" {
		t.Errorf("notes %s", got)
	}
	r.Inputs[0] = llm.EmbedInput{Raw: llm.JSON(`{"image":1}`), From: "x"}
	if _, err := (openaiembed.Provider{}).EncodeRequest(nil, r, &wire.Notes{}); err == nil {
		t.Error("a picture was sent")
	}
}

func TestResponse(t *testing.T) {
	const golden = `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-2.5]},{"object":"embedding","index":1,"embedding":[0,3]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}`
	a := answered(t, openaiembed.Provider{}, golden)
	if len(a.Vectors) != 2 || string(a.Vectors[1].Value) != `[0,3]` || a.Usage.Prompt != 2 || a.Model != "m" {
		t.Errorf("%+v", a)
	}
	same(t, "answer", openaiembed.Client{}.EncodeResponse(nil, a, &llm.EmbedRequest{}), []byte(golden))

	foreign := &llm.EmbedResponse{ID: "i", Model: "m", Vectors: []llm.Vector{{Value: llm.JSON(`[1,-2.5]`)}, {Value: llm.JSON(`[0,3]`)}}, Usage: llm.NoUsage()}
	foreign.Usage.Prompt = 2
	same(t, "foreign", openaiembed.Client{}.EncodeResponse(nil, foreign, &llm.EmbedRequest{}), []byte(golden))
	same(t, "in base64", openaiembed.Client{}.EncodeResponse(nil, foreign, &llm.EmbedRequest{Encoding: llm.EncodingBase64}),
		[]byte(`{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAIMA="},{"object":"embedding","index":1,"embedding":"AAAAAAAAQEA="}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}`))
}

func TestResponses(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":[0]}]}`, "[0] [1] "},
		{`{"data":[{"embedding":[1]},{"embedding":[0]}]}`, "[1] [0] "},
		{`{"data":[{"index":1,"embedding":[1]},{"index":null,"embedding":[0]}]}`, "data[1] of the answer has the index 1, which is another's or no input's"},
		{`{"data":[{"embedding":[1]},{"index":1,"embedding":[0]}]}`, "[1] [0] "},
		{`{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[0]}]}`, "data[1] of the answer has the index 0, which is another's or no input's"},
		{`{"data":[{"index":1,"embedding":[1]},{"index":2,"embedding":[0]}]}`, "data[1] of the answer has the index 2, which is another's or no input's"},
		{`{"data":[{"index":"1","embedding":[1]},{"index":"0","embedding":[0]}]}`, "data[0] of the answer has the index -1, which is another's or no input's"},
		{`{"data":[{"index":0.5,"embedding":[1]}]}`, "data[0] of the answer has the index -1, which is another's or no input's"},
		{`{"data":[{"index":-9223372036854775808,"embedding":[1]},{"index":9223372036854775807,"embedding":[0]}]}`, "data[0] of the answer has the index -9223372036854775808, which is another's or no input's"},
		{`{"data":[],"error":{"message":"no"}}`, "no"},
		{`{"data":[]}`, ""},
		{`{"data":[{}]}`, " "},
		{`{"error":{"message":"no"}}`, "no"},
		{`{"data":{}}`, "the answer has no list of vectors in data"},
		{`[]`, "must be a JSON object"},
	} {
		var a llm.EmbedResponse
		got := ""
		if err := (openaiembed.Provider{}).DecodeResponse(&a, nil, []byte(tt.body)); err != nil {
			got, a.Vectors = err.Error(), nil
		}
		for _, v := range a.Vectors {
			got += string(v.Value) + " "
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.body, got, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	for status, want := range map[int]string{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 502: "server_error"} {
		got := openaiembed.Client{}.EncodeError(nil, &llm.Error{Status: status, Message: "m", RetryAfter: -1})
		same(t, "error", got, []byte(`{"error":{"message":"m","type":"`+want+`","param":null,"code":null}}`))
	}
	got := openaiembed.Client{}.EncodeError(nil, &llm.Error{Status: 400, Message: "m", Type: "t", Code: "c", Param: "p"})
	same(t, "error", got, []byte(`{"error":{"message":"m","type":"t","param":"p","code":"c"}}`))
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{"model":"m","input":"a"}`, `{"input":[1]}`, `{"input":["a",[1],{}],"input_type":"query","output_dimension":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decode(string(body))
		if err != nil {
			return
		}
		once, _ := put(t, openaiembed.Provider{}, r)
		again, err := decode(string(once))
		if err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		twice, _ := put(t, openaiembed.Provider{}, again)
		same(t, "again", twice, once)
	})
}

func FuzzResponse(f *testing.F) {
	for _, s := range []string{`{"data":[{"embedding":[1]}],"usage":{}}`, `{"data":[{"embedding":"AAAA"}],"id":"i"}`, `{"error":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, b llm.EmbedResponse
		if (openaiembed.Provider{}).DecodeResponse(&a, nil, body) != nil {
			return
		}
		once := openaiembed.Client{}.EncodeResponse(nil, &a, &llm.EmbedRequest{})
		if err := (openaiembed.Provider{}).DecodeResponse(&b, nil, once); err != nil {
			t.Fatalf("%s became %s: %v", body, once, err)
		}
		same(t, "again", openaiembed.Client{}.EncodeResponse(nil, &b, &llm.EmbedRequest{}), once)
	})
}
