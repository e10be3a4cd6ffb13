package formats

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

var placed = regexp.MustCompile(`^messages\[(\d+)\](?:\.parts\[(\d+)\])?(\.role)?$`)

// changed is the question as the notes say that it is sent: documents and
// refusals as texts, or beside the messages, instructions as the user's.
func changed(r *llm.Request, notes []wire.Note) *llm.Request {
	out := *r
	out.Messages = slices.Clone(r.Messages)
	var beside []llm.Part
	for _, n := range notes {
		at := placed.FindStringSubmatch(n.Field)
		if at == nil || !n.Changed {
			continue
		}
		i, _ := strconv.Atoi(at[1])
		m := &out.Messages[i]
		switch {
		case at[3] != "" && strings.HasSuffix(n.How, "USER"):
			m.Role = llm.User
		case at[2] == "":
		case n.How == "text":
			m.Parts = slices.Clone(m.Parts)
			said(&m.Parts[atoi(at[2])])
		case n.How == "beside the messages":
			m.Parts = slices.Clone(m.Parts)
			p := &m.Parts[atoi(at[2])]
			beside = append(beside, llm.Part{Kind: p.Kind, Media: p.Media})
			*p = llm.Part{Text: llm.JSON(`""`)}
		}
	}
	for i := len(out.Messages) - 1; i >= 0 && len(beside) > 0; i-- {
		if m := &out.Messages[i]; m.Role == llm.User && says(m) {
			m.Parts = append(slices.Clone(m.Parts), beside...)
			break
		}
	}
	return &out
}

// says tells whether there is more than what tools gave.
func says(m *llm.Message) bool {
	return slices.ContainsFunc(m.Parts, func(p llm.Part) bool { return p.Kind != llm.ToolResult })
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// said makes a text of a part.
func said(p *llm.Part) {
	if p.Media != nil {
		p.Text = p.Media.Text
	}
	p.Kind, p.Media = llm.Text, nil
}
