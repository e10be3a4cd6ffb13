package gemini

import (
	"strconv"

	"github.com/sluice-gateway/sluice/llm"
	"github.com/sluice-gateway/sluice/wire"
)

// reasonNames are the finish reasons by their numbers, which the Gemini API
// tells when asked with enum-encoding=int. Vertex AI has other numbers from 6 on.
// Source: https://ai.google.dev/api/generate-content#FinishReason.
var reasonNames = [...]string{
	"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
	"PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL",
	"TOO_MANY_TOOL_CALLS",
}

// reasonOf is a reason as it was spelled, and whether it was a number.
func reasonOf(v llm.JSON) (reason string, number bool) {
	if wire.IsNumber(v) {
		return string(v), true
	}
	return wire.Text(v), false
}

// finishOf is what a reason means. STOP is told even where tools are to be
// called.
func finishOf(reason string, calls bool) llm.Finish {
	if n, err := strconv.Atoi(reason); err == nil && n >= 0 && n < len(reasonNames) {
		reason = reasonNames[n]
	}
	switch reason {
	case "", "FINISH_REASON_UNSPECIFIED":
		return llm.Unfinished
	case "MAX_TOKENS":
		return llm.FinishLength
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
		"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION":
		return llm.FinishFilter
	case "OTHER", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
		"MISSING_THOUGHT_SIGNATURE", "NO_IMAGE", "IMAGE_OTHER":
		return llm.FinishError
	}
	if calls {
		return llm.FinishTools
	}
	return llm.FinishStop
}

// reasonFor spells a finish: as the provider did, if it means the same here.
func reasonFor(f llm.Finish, reason string, calls, same bool) string {
	if same && reason != "" && finishOf(reason, calls) == f {
		return reason
	}
	switch f {
	case llm.FinishStop, llm.FinishTools, llm.FinishPause:
		return "STOP"
	case llm.FinishLength:
		return "MAX_TOKENS"
	case llm.FinishFilter, llm.FinishRefusal:
		return "SAFETY"
	case llm.FinishError:
		return "OTHER"
	case llm.Unfinished:
	}
	return ""
}
