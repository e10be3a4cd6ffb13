package ollama_test

// The vectors follow the examples of https://docs.ollama.com/api.

const chatRequest = `{
  "model": "llama3.2",
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "what is in this picture?", "images": ["iVBORw0KGgoAAAANSUhEUgAAAG0AAABm"]},
    {"role": "assistant", "content": "", "thinking": "I need the weather.",
     "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}},
                    {"id": "call_7", "type": "function", "function": {"index": 1, "name": "get_weather", "arguments": {"city": "Oslo"}}}]},
    {"role": "tool", "content": "11 degrees", "tool_name": "get_weather"},
    {"role": "tool", "content": "3 degrees", "tool_call_id": "call_7"}
  ],
  "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}],
  "format": {"type": "object", "properties": {"age": {"type": "integer"}}},
  "options": {"num_predict": 100, "temperature": 0.8, "top_p": 0.9, "top_k": 20, "min_p": 0.0, "seed": 42,
    "stop": ["\n", "user:"], "repeat_penalty": 1.2, "presence_penalty": 1.5, "frequency_penalty": 1.0,
    "num_ctx": 1024, "mirostat": 1},
  "stream": false,
  "think": "low",
  "logprobs": true,
  "top_logprobs": 3,
  "keep_alive": "5m"
}`

const generateRequest = `{
  "model": "codellama:code",
  "prompt": "def compute_gcd(a, b):",
  "suffix": "    return result",
  "options": {"temperature": 0},
  "format": "json",
  "template": "{{ .Prompt }}",
  "context": [1, 2, 3],
  "raw": true,
  "think": false,
  "stream": true
}`

const chatAnswer = `{
  "model": "llama3.2",
  "created_at": "2023-12-12T14:13:43.416799Z",
  "message": {"role": "assistant", "content": "It is cold.", "thinking": "Let me see.",
    "tool_calls": [{"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]},
  "done": true,
  "done_reason": "stop",
  "logprobs": [{"token": "It", "logprob": -0.1, "bytes": [73, 116], "top_logprobs": []}],
  "total_duration": 5191566416,
  "load_duration": 2154458,
  "prompt_eval_count": 26,
  "prompt_eval_duration": 383809000,
  "eval_count": 298,
  "eval_duration": 4799921000
}`

const generateAnswer = `{
  "model": "llama3.2",
  "created_at": "2023-08-04T19:22:45.499127Z",
  "response": "The sky is blue.",
  "thinking": "Rayleigh.",
  "done": true,
  "done_reason": "length",
  "context": [1, 2, 3],
  "total_duration": 5043500667,
  "eval_count": 290
}`

const chatStream = `{"model":"m","created_at":"2025-07-07T20:22:19.184789Z","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}
{"model":"m","created_at":"2025-07-07T20:22:19.28Z","message":{"role":"assistant","content":"","thinking":"m."},"done":false}
{"model":"m","created_at":"2025-07-07T20:22:19.3Z","message":{"role":"assistant","content":"Sure: "},"done":false}
{"model":"m","created_at":"2025-07-07T20:22:19.4Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}}]},"done":false}
{"model":"m","created_at":"2025-07-07T20:22:20Z","message":{"role":"assistant","content":"!"},"done":true,"done_reason":"stop","total_duration":7,"eval_count":5}
`

const generateStream = `{"model":"m","created_at":"2025-07-07T20:22:19.184789Z","response":"a","done":false}
{"model":"m","created_at":"2025-07-07T20:22:20Z","response":"","done":true,"done_reason":"length","context":[1],"prompt_eval_count":3,"eval_count":5}
`
