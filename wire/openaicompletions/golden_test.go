package openaicompletions_test

// The vectors follow the examples of
// https://platform.openai.com/docs/api-reference/completions.

var requests = []string{
	`{"model":"gpt-3.5-turbo-instruct","prompt":"Say this is a test","max_tokens":7,"temperature":0}`,
	`{"model":"m","prompt":["a","b"],"suffix":"z","n":2,"best_of":3,"echo":true,"logprobs":5,"stop":["\n"],
	  "presence_penalty":0.5,"frequency_penalty":-0.5,"logit_bias":{"50256":-100},"seed":1,"top_p":0.5,"user":"u",
	  "stream":true,"stream_options":{"include_usage":true}}`,
	`{"model":"m","prompt":[1,2,3],"stop":"x","logprobs":null,"stream":false,"top_k":3,"min_p":0.1,"repetition_penalty":1.1}`,
	`{"model":"m","prompt":[[1,2],[3]],"stream":true,"stream_options":{"include_usage":false,"x":1},"suffix":null,"user":""}`,
	`{"model":"","prompt":"","stop":[],"stream_options":{"include_usage":true,"include_obfuscation":false}}`,
}

var answers = []string{
	`{"id":"cmpl-1","object":"text_completion","created":1589478378,"model":"gpt-3.5-turbo-instruct",
	  "system_fingerprint":"fp_44709d6fcb",
	  "choices":[{"text":"\n\nThis is indeed a test","index":0,"logprobs":null,"finish_reason":"length"}],
	  "usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2,"x":1}}}`,
	`{"id":"cmpl-2","object":"text_completion","created":1,"model":"m","choices":[
	  {"text":"b","index":1,"logprobs":{"tokens":["b"],"token_logprobs":[-0.5],"top_logprobs":[{"b":-0.5,"c":-1}],"text_offset":[4]},"finish_reason":"stop"},
	  {"text":"a","index":0,"logprobs":{"tokens":["a"],"token_logprobs":[null],"top_logprobs":null,"text_offset":[4]},"finish_reason":"content_filter"}],
	  "usage":null}`,
	`{"object":"text.completion","choices":[{"text":"x","finish_reason":"eos","seed":5},{"index":1,"finish_reason":""}],"prompt":[]}`,
	`{"id":null,"created":1.5,"choices":[{"text":null,"index":-1,"finish_reason":null}]}`,
	`{"choices":[]}`,
}

const goldenStream = `data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"This","index":0,"logprobs":{"tokens":["This"],"token_logprobs":[-1],"top_logprobs":null,"text_offset":[0]},"finish_reason":null}],"model":"m","system_fingerprint":"fp","usage":null}

data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"That","index":1,"logprobs":null,"finish_reason":null}],"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}

data: {"id":"cmpl-8","object":"text_completion","created":1690759702,"choices":[{"text":" is","index":0,"logprobs":null,"finish_reason":""}],"model":"m","usage":null}

data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop","seed":3}],"model":"m","usage":null}

data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[{"text":"!","index":1,"logprobs":null,"finish_reason":"length"}],"model":"m","usage":null}

data: {"id":"cmpl-7","object":"text_completion","created":1690759702,"choices":[],"model":"m","usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9}}

data: [DONE]

`
