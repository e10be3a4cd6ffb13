package wire_test

import (
	"bytes"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func TestAppendVector(t *testing.T) {
	const float, base64 = llm.EncodingFloat, llm.EncodingBase64
	for _, tt := range []struct {
		in   string
		e    llm.Encoding
		want string
	}{
		{`[1,-2.5,0]`, base64, `"AACAPwAAIMAAAAAA"`},
		{`"AACAPwAAIMAAAAAA"`, float, `[1,-2.5,0]`},
		{`"AACAPwAAIMAAAAAA"`, llm.EncodingUnsaid, `[1,-2.5,0]`},
		{`"zcyMP83MDEAzM1NAzcyMQA=="`, float, `[1.1,2.2,3.3,4.4]`},
		{`[1.1, 2.2,3.3 ,4.4]`, base64, `"zcyMP83MDEAzM1NAzcyMQA=="`},
		{`[ 1.10 ]`, float, `[ 1.10 ]`},
		{`"AACAPw=="`, base64, `"AACAPw=="`},
		{`[]`, base64, `""`},
		{`""`, float, `[]`},
		// what cannot be converted stays
		{`"AACAP"`, float, `"AACAP"`},
		{`"AAA="`, float, `"AAA="`},
		{`"AADAfw=="`, float, `"AADAfw=="`}, // no number
		{`["a"]`, base64, `["a"]`},
		{`[1e99]`, base64, `"AACAfw=="`},
		{`[[1]]`, base64, `[[1]]`},
		{`{"a":1}`, base64, `{"a":1}`},
	} {
		if got := string(wire.AppendVector(nil, llm.JSON(tt.in), tt.e)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
	if got := string(wire.AppendVector([]byte("x"), nil, float)); got != "xnull" {
		t.Errorf("no vector: %s", got)
	}
}

// FuzzAppendVector: base64 of 32-bit floats comes back as it was, and what is
// written is valid.
func FuzzAppendVector(f *testing.F) {
	f.Add([]byte(`"AACAPwAAIMAAAAAA"`))
	f.Add([]byte(`[1e-45,3.4028235e38,-0.0]`))
	f.Fuzz(func(t *testing.T, v []byte) {
		if jsonscan.Valid(v) != nil {
			return
		}
		v = bytes.TrimSpace(v)
		for _, e := range []llm.Encoding{llm.EncodingFloat, llm.EncodingBase64} {
			out := wire.AppendVector(nil, v, e)
			if err := jsonscan.Valid(out); err != nil {
				t.Fatalf("%s became %s: %v", v, out, err)
			}
			if again := wire.AppendVector(nil, out, e); !bytes.Equal(again, out) {
				t.Errorf("%s became %s, then %s", v, out, again)
			}
		}
		// Numbers and back loses nothing of 32 bits.
		once := wire.AppendVector(nil, v, llm.EncodingBase64)
		numbers := wire.AppendVector(nil, once, llm.EncodingFloat)
		if twice := wire.AppendVector(nil, numbers, llm.EncodingBase64); wire.IsArray(v) && wire.IsString(once) && !bytes.Equal(once, twice) {
			t.Errorf("%s became %s, then %s", v, once, twice)
		}
	})
}

func TestReadError(t *testing.T) {
	for _, tt := range []struct{ body, message, kind, code, param string }{
		{`{"error":{"message":"m","type":"t","code":"c","param":"p"}}`, "m", "t", "c", "p"},
		{`{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}`, "m", "INVALID_ARGUMENT", "400", ""},
		{`[{"error":{"code":404,"message":"m","status":"NOT_FOUND"}}]`, "m", "NOT_FOUND", "404", ""},
		{`{"error":"m"}`, "m", "", "", ""},
		{`{"error":["m","n"]}`, "m", "", "", ""},
		{`{"message":"m","id":"x"}`, "m", "", "", ""},
		{`{"detail":"m"}`, "m", "", "", ""},
		{`{"detail":[{"msg":"m"}]}`, `[{"msg":"m"}]`, "", "", ""},
		{`{"object":"error","message":"m","type":"invalid_model","code":"1500","param":null}`, "m", "invalid_model", "1500", ""},
		{`plain`, "plain", "", "", ""},
		{`<html>`, "the provider answered with status 500", "", "", ""},
		{`{}`, "the provider answered with status 500", "", "", ""},
		{``, "the provider answered with status 500", "", "", ""},
	} {
		e := wire.ReadError(500, nil, []byte(tt.body))
		if e.Message != tt.message || e.Type != tt.kind || e.Code != tt.code || e.Param != tt.param || e.RetryAfter != -1 {
			t.Errorf("%s: %+v", tt.body, e)
		}
	}
}
