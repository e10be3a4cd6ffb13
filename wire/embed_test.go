package wire_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/sluice-gateway/sluice/jsonscan"
	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func TestAppendVector(t *testing.T) {
	const float, packed = llm.EncodingFloat, llm.EncodingBase64
	for _, tt := range []struct {
		in   string
		e    llm.Encoding
		want string
	}{
		{`[1,-2.5,0]`, packed, `"AACAPwAAIMAAAAAA"`},
		{`[1,-2.5,0]`, llm.EncodingUnsaid, `[1,-2.5,0]`},
		{`[1.1, 2.2,3.3 ,4.4]`, packed, `"zcyMP83MDEAzM1NAzcyMQA=="`},
		{`[ 1.10 ]`, float, `[ 1.10 ]`},
		{`"AACAPw=="`, packed, `"AACAPw=="`},
		{`[]`, packed, `""`},
		// what cannot be converted stays
		{`"AACAPw=="`, float, `"AACAPw=="`},
		{`["a"]`, packed, `["a"]`},
		{`[1e99]`, packed, `"AACAfw=="`},
		{`[[1]]`, packed, `[[1]]`},
		{`{"a":1}`, packed, `{"a":1}`},
	} {
		if got := string(wire.AppendVector(nil, llm.JSON(tt.in), tt.e)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.in, got, tt.want)
		}
	}
	if got := string(wire.AppendVector([]byte("x"), nil, float)); got != "xnull" {
		t.Errorf("no vector: %s", got)
	}
}

// FuzzAppendVector: what is written is valid, has four bytes for each number in
// base64, and is not changed again.
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
		once := wire.AppendVector(nil, v, llm.EncodingBase64)
		if raw, err := base64.StdEncoding.DecodeString(wire.Text(once)); wire.IsArray(v) && wire.IsString(once) && (err != nil || len(raw) != 4*wire.Len(v)) {
			t.Errorf("%s became %s: %d bytes, %v", v, once, len(raw), err)
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
