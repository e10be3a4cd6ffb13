package bedrock

import "github.com/sluice-gateway/sluice/llm"

// reasons are the values of StopReason, those first that are written for a
// finish of another format.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
var reasons = []struct {
	reason string
	finish llm.Finish
}{
	{"end_turn", llm.FinishStop},
	{"stop_sequence", llm.FinishStop},
	{"max_tokens", llm.FinishLength},
	{"model_context_window_exceeded", llm.FinishLength},
	{"tool_use", llm.FinishTools},
	{"content_filtered", llm.FinishFilter},
	{"guardrail_intervened", llm.FinishFilter},
	{"content_filtered", llm.FinishRefusal},
	{"refusal", llm.FinishRefusal},
	{"end_turn", llm.FinishPause},
	{"pause_turn", llm.FinishPause},
	{"end_turn", llm.FinishError},
	{"malformed_model_output", llm.FinishError},
	{"malformed_tool_use", llm.FinishError},
}

// finishOf is what a stop reason means; one that is new is an end like any.
func finishOf(reason string) llm.Finish {
	if reason == "" {
		return llm.Unfinished
	}
	for _, r := range reasons {
		if r.reason == reason {
			return r.finish
		}
	}
	return llm.FinishStop
}

// reasonOf spells a finish. The provider's own word stays if it is Bedrock's, or
// means the same here.
func reasonOf(finish llm.Finish, reason string, mine, stopped bool) string {
	if reason != "" && finishOf(reason) == finish && (mine || known(reason)) {
		return reason
	}
	if finish == llm.FinishStop && stopped {
		return "stop_sequence"
	}
	for _, r := range reasons {
		if r.finish == finish {
			return r.reason
		}
	}
	return "end_turn"
}

// known tells the values of the API; the models' own are not among them.
func known(reason string) bool {
	if reason == "refusal" || reason == "pause_turn" {
		return false
	}
	for _, r := range reasons {
		if r.reason == reason {
			return true
		}
	}
	return false
}
