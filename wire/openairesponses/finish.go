package openairesponses

import "github.com/sluice-gateway/sluice/llm"

// The states of a response.
const (
	statusCompleted  = "completed"
	statusIncomplete = "incomplete"
	statusFailed     = "failed"
	statusCancelled  = "cancelled"
	statusInProgress = "in_progress"
	reasonTokens     = "max_output_tokens"
	reasonFilter     = "content_filter"
)

// finish is why the response ended, and how the API calls it: by the status,
// or by the reason why it is incomplete.
func (h *head) finish(tools bool) (finish llm.Finish, reason string) {
	reason = h.status
	if h.status == statusIncomplete && h.reason != "" {
		reason = h.reason
	}
	return finishOf(h.status, h.reason, tools), reason
}

func finishOf(status, reason string, tools bool) llm.Finish {
	switch status {
	case statusCompleted:
		if tools {
			return llm.FinishTools
		}
		return llm.FinishStop
	case statusIncomplete:
		if reason == reasonFilter {
			return llm.FinishFilter
		}
		return llm.FinishLength
	case statusFailed, statusCancelled:
		return llm.FinishError
	}
	return llm.Unfinished
}

// statusOf is the status for a finish, and why a response is incomplete. The
// spelling of an answer in this format (native) holds as long as it still
// means the same.
func statusOf(finish llm.Finish, spelled string, native bool) (status, reason string) {
	if native && spelled != "" {
		switch {
		case finish == finishOf(spelled, "", false) || finish == finishOf(spelled, "", true):
			return spelled, ""
		case finish == finishOf(statusIncomplete, spelled, false):
			return statusIncomplete, spelled
		}
	}
	if finish == llm.FinishLength {
		return statusIncomplete, reasonTokens
	}
	if finish == llm.FinishFilter {
		return statusIncomplete, reasonFilter
	}
	if finish == llm.FinishError {
		return statusFailed, ""
	}
	return statusCompleted, ""
}
