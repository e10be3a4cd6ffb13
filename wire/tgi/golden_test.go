package tgi_test

// The vectors follow https://huggingface.github.io/text-generation-inference.

var requests = []string{
	`{"inputs":"My name is Olivier and I","parameters":{"best_of":1,"decoder_input_details":true,"details":true,
	  "do_sample":true,"frequency_penalty":0.1,"max_new_tokens":20,"repetition_penalty":1.03,"return_full_text":false,
	  "seed":7,"stop":["photographer"],"temperature":0.5,"top_k":10,"top_n_tokens":5,"top_p":0.95,"truncate":100,
	  "typical_p":0.95,"watermark":true,"adapter_id":"a",
	  "grammar":{"type":"json","value":{"type":"object","properties":{"a":{"type":"string"}}}}}}`,
	`{"model":"gpt2","inputs":"x","parameters":{"stop":[],"seed":null,"grammar":{"type":"regex","value":"a+"}},
	  "options":{"use_cache":false,"wait_for_model":true},"stream":false}`,
	`{"inputs":["a","b"],"stream":true,"parameters":{"max_new_tokens":3}}`,
	`{"inputs":"","parameters":{}}`,
	`{"inputs":"x","parameters":null,"model":""}`,
}

var answers = []string{
	`{"generated_text":"test"}`,
	`[{"generated_text":"a"},{"generated_text":"b","score":1}]`,
	`[{"generated_text":"a","details":null}]`,
	`{"generated_text":"test","details":{"finish_reason":"length","generated_tokens":1,"seed":42,
	  "prefill":[{"id":0,"text":"t","logprob":null}],"tokens":[{"id":0,"text":"test","logprob":-0.34,"special":false}],
	  "top_tokens":[[{"id":0,"text":"test","logprob":-0.34,"special":false},{"id":1,"text":"x","logprob":-3.1,"special":false}]],
	  "best_of_sequences":null}}`,
	`{"error":"Model overloaded"}`,
	`[{"error":"x"}]`,
	`[]`,
	`{"id":"x","choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`,
}

const goldenStream = `data:{"index":1,"token":{"id":5,"text":"One","logprob":-0.5,"special":false},"top_tokens":[{"id":5,"text":"One","logprob":-0.5,"special":false}],"generated_text":null,"details":null}

data:{"index":2,"token":{"id":6,"text":" two","logprob":-0.25,"special":false},"generated_text":null,"details":null}

data:{"index":3,"token":{"id":2,"text":"</s>","logprob":-0.1,"special":true},"generated_text":"One two","details":{"finish_reason":"eos_token","generated_tokens":3,"input_length":4,"seed":null}}

`
