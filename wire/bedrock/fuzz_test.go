package bedrock_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

func FuzzRequest(f *testing.F) {
	for _, body := range own {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var r, again llm.Request
		if client.DecodeRequest(&r, wire.Question{Path: anyPath, Body: body}) != nil {
			return
		}
		out, err := provider.EncodeRequest(nil, &r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.DecodeRequest(&again, wire.Question{Path: anyPath, Body: out}); err != nil {
			t.Fatalf("%v\n%s\n%s", err, body, out)
		}
		twice, err := provider.EncodeRequest(nil, &again, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(value(t, out), value(t, twice)) {
			t.Errorf("%s\n%s", out, twice)
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, body := range ownAnswers {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var a, again llm.Response
		if provider.DecodeResponse(&a, body) != nil {
			return
		}
		out := client.EncodeResponse(nil, &a, &llm.Request{})
		if err := provider.DecodeResponse(&again, out); err != nil {
			t.Fatalf("%v\n%s\n%s", err, body, out)
		}
		twice := client.EncodeResponse(nil, &again, &llm.Request{})
		if !reflect.DeepEqual(value(t, out), value(t, twice)) {
			t.Errorf("%s\n%s", out, twice)
		}
	})
}

func FuzzStream(f *testing.F) {
	for _, s := range streams {
		f.Add([]byte(strings.TrimSpace(s.in)))
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		var in []wire.Message
		for line := range bytes.Lines(lines) {
			name, data, _ := strings.Cut(string(line), " ")
			in = append(in, wire.Message{Name: name, Data: []byte(data)})
		}
		list, err := events(in)
		if err != nil {
			return
		}
		again, err := events(messages(t, stream(list)))
		if err != nil {
			t.Fatalf("%v\n%s", err, short(list))
		}
		if short(again) != short(list) && list[len(list)-1].Kind == llm.EventEnd {
			t.Errorf("got\n%s\nwant\n%s", short(again), short(list))
		}
		if list[len(list)-1].Kind == llm.EventEnd {
			checkOrder(t, list)
		}
	})
}
