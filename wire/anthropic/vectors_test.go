package anthropic_test

// Bodies after the examples of Anthropic's documents, by what they show.

var requests = []struct{ name, body string }{
	{"least", `{"model":"claude-opus-4-6","max_tokens":1024,"messages":[{"role":"user","content":"Hello, Claude"}]}`},
	{"system text, stream said", `{"model":"m","max_tokens":1,"system":"Be brief.","stream":false,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`},
	{"system blocks", `{"model":"m","max_tokens":1,"stream":true,"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h","scope":"global"}}],"messages":[]}`},
	{"empty system", `{"model":"m","max_tokens":1,"system":[],"messages":[]}`},
	{"empty text as system", `{"model":"m","max_tokens":1,"system":"","messages":[]}`},
	{"system among the messages", `{"model":"m","max_tokens":1,"system":"s","messages":[{"role":"user","content":"a"},{"role":"system","content":"b"},{"role":"system","content":[{"type":"text","text":"c"}]}]}`},
	{"system among the messages, first", `{"model":"m","max_tokens":1,"messages":[{"role":"system","content":"b"},{"role":"user","content":"a"}]}`},
	{"two turns of one role", `{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]}]}`},
	{"sampling", `{"model":"m","max_tokens":5,"temperature":0.50,"top_p":0.9,"top_k":5,"stop_sequences":["\n\nHuman:","x"],"messages":[]}`},
	{"nulls", `{"model":"m","max_tokens":5,"temperature":null,"system":null,"tools":null,"thinking":null,"stop_sequences":[],"metadata":null,"stream":null,"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":null,"citations":null}]}]}`},
	{"images", `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0="},"cache_control":{"type":"ephemeral","ttl":"5m"}},
		{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
		{"type":"image","source":{"type":"file","file_id":"file_1"}},
		{"type":"image","source":{"type":"later","where":1}},
		{"type":"text","text":"What?"}]}]}`},
	{"documents", `{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[
		{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"T","context":"C","citations":{"enabled":true}},
		{"type":"document","title":"T","context":"C","source":{"type":"text","media_type":"text/plain","data":"plain"},"citations":null},
		{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}},
		{"type":"document","source":{"type":"file","file_id":"file_1"}},
		{"type":"document","source":{"type":"content","content":[{"type":"text","text":"x"}]},"title":"own"},
		{"type":"search_result","source":"https://example.com","title":"t","content":[{"type":"text","text":"x"}]},
		{"type":"container_upload","file_id":"file_2"}]}]}`},
	{"tools", `{"model":"m","max_tokens":5,"messages":[],"tool_choice":{"type":"auto","disable_parallel_tool_use":false},"tools":[
		{"name":"a","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"},"defer_loading":true},
		{"type":"custom","name":"b","input_schema":{"type":"object","properties":{"x":{"type":"string"}}}},
		{"type":"web_search_20250305","name":"web_search","max_uses":5,"user_location":{"type":"approximate"}}]}`},
	{"choices", `{"model":"m","max_tokens":5,"messages":[],"tools":[{"name":"a","input_schema":{}}],"tool_choice":{"type":"tool","name":"a","disable_parallel_tool_use":true}}`},
	{"a choice to come", `{"model":"m","max_tokens":5,"messages":[],"tools":[{"name":"a","input_schema":{}}],"tool_choice":{"type":"several","names":["a"]}}`},
	{"calls and results", `{"model":"m","max_tokens":5,"messages":[
		{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"a","input":{"x":1},"caller":{"type":"direct"}},{"type":"tool_use","id":"toolu_2","name":"b","input":{},"cache_control":{"type":"ephemeral"}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"15 degrees"},{"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"t"},{"type":"image","source":{"type":"url","url":"https://e.com/i"}},{"type":"tool_reference","tool_name":"x"}],"is_error":true}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_3"},{"type":"tool_result","tool_use_id":"toolu_4","content":[],"is_error":false},{"type":"text","text":"and?"}]}]}`},
	{"thoughts", `{"model":"m","max_tokens":50000,"thinking":{"type":"enabled","budget_tokens":10000,"display":"omitted"},"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"EqQB"},{"type":"thinking","thinking":"","signature":"EqQC"},{"type":"redacted_thinking","data":"EmwK"},{"type":"thinking","thinking":"unsigned","signature":""},{"type":"text","text":"x"}]}]}`},
	{"adaptive, effort and format", `{"model":"m","max_tokens":5,"thinking":{"type":"adaptive"},"output_config":{"effort":"medium","format":{"type":"json_schema","schema":{"type":"object"}},"task_budget":{"type":"tokens","total":1}},"messages":[]}`},
	{"older format", `{"model":"m","max_tokens":5,"thinking":{"type":"disabled"},"output_format":{"type":"json_schema","schema":{"type":"object"}},"messages":[]}`},
	{"the rest", `{"model":"m","max_tokens":5,"metadata":{"user_id":"u-1"},"service_tier":"standard_only","cache_control":{"type":"ephemeral"},"container":"c_1","mcp_servers":[{"type":"url","url":"https://e.com","name":"n"}],"context_management":{"edits":[]},"inference_geo":"eu","speed":"fast","messages":[]}`},
	{"tools of Anthropic's", `{"model":"m","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"x"}},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","url":"https://e.com","title":"t","encrypted_content":"E"}]},{"type":"mcp_tool_use","id":"mcptoolu_1","name":"e","server_name":"s","input":{}},{"type":"mcp_tool_result","tool_use_id":"mcptoolu_1","is_error":false,"content":[{"type":"text","text":"x"}]},{"type":"text","text":"so","citations":[{"type":"web_search_result_location","url":"https://e.com","title":"t","encrypted_index":"E","cited_text":"c"},{"type":"char_location","cited_text":"c","document_index":0,"document_title":null,"start_char_index":0,"end_char_index":1}]}]}]}`},
	{"odd, but passed on", `{"model":"m","max_tokens":5,"anthropic_beta":["b"],"messages":[{"role":"user","content":[]},{"role":"user","content":"","id":7},{"role":"assistant","content":[{"type":"tool_use","id":"a.b","name":"n","input":5}]}],"thinking":7,"output_config":"x","metadata":{"user_id":null,"more":1},"tool_choice":[]}`},
}

var answers = []string{
	`{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-6","content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":6}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"","signature":"Eq"},{"type":"redacted_thinking","data":"Em"},{"type":"text","text":"a","citations":null},{"type":"tool_use","id":"toolu_1","name":"n","input":{"a":{"b":[1,2.50]}},"caller":{"type":"direct"}}],"stop_reason":"tool_use","stop_sequence":null,"container":{"id":"c"},"context_management":{"applied_edits":[]},"usage":{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":200,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":7,"output_tokens_details":{"thinking_tokens":3},"service_tier":"standard","inference_geo":"us","server_tool_use":{"web_search_requests":1},"speed":null}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"stop_sequence","stop_sequence":"STOP","usage":{"input_tokens":1,"cache_creation_input_tokens":null,"cache_read_input_tokens":null,"cache_creation":null,"output_tokens":1,"iterations":[{"type":"compaction","input_tokens":100,"output_tokens":10,"cache_read_input_tokens":5},{"type":"message","input_tokens":1,"output_tokens":1}]}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"},"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"pause_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"model_context_window_exceeded","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"yet_to_come","stop_sequence":null,"usage":null}`,
	`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{}}`,
}

var streams = []string{
	plainStream, toolStream, oddStream,
	sse(`{"type":"message_start","message":{"id":"a"}}`, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`),
	sse(`{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"a"}}`, `{"type":"message_stop"}`),
}

// sse puts events into frames, named by their types.
func sse(events ...string) string {
	out := ""
	for _, ev := range events {
		out += "event: " + typeOf(ev) + "\ndata: " + ev + "\n\n"
	}
	return out
}

var plainStream = sse(
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-opus-4-6","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
	`{"type":"ping"}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!\n"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}`,
	`{"type":"message_stop"}`,
)

var toolStream = sse(
	`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"container":null,"usage":{"input_tokens":472,"cache_creation_input_tokens":null,"output_tokens":2}}}`,
	`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm.","estimated_tokens":3}}`,
	`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}`,
	`{"type":"content_block_stop","index":0}`,
	`{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Emw"}}`,
	`{"type":"content_block_stop","index":1}`,
	`{"type":"content_block_start","index":2,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}}`,
	`{"type":"content_block_stop","index":2}`,
	`{"type":"content_block_start","index":3,"content_block":{"citations":[],"type":"text","text":""}}`,
	`{"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"c","url":"https://e.com","title":"t","encrypted_index":"E"}}}`,
	`{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"so"}}`,
	`{"type":"content_block_stop","index":3}`,
	`{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}`,
	`{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":" \"SF\"}"}}`,
	`{"type":"content_block_stop","index":4}`,
	`{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"no_args","input":{}}}`,
	`{"type":"content_block_stop","index":5}`,
	`{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,"container":{"id":"c"}},"usage":{"input_tokens":473,"output_tokens":89,"output_tokens_details":{"thinking_tokens":9}},"context_management":{"applied_edits":[]}}`,
	`{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":473}}`,
)

// oddStream has what providers do beside the documents: starts that come
// twice, blocks that interleave, indices that are left out, an input that is
// whole at once, ends that are left out.
var oddStream = sse(
	`{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":3,"output_tokens":1}}}`,
	`{"type":"message_start","message":{"id":"msg_2","model":"m2","usage":{"input_tokens":4,"output_tokens":1}}}`,
	`{"type":"content_block_start","index":5,"content_block":{"type":"text","text":"a"}}`,
	`{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"x": "y"}}}`,
	`{"type":"content_block_delta","index":5,"delta":{"type":"text_delta","text":"b"}}`,
	`{"type":"content_block_delta","index":2,"delta":{"type":"later_delta","x":1}}`,
	`{"type":"content_block_delta","delta":null}`,
	`{"type":"content_block_stop","index":9}`,
	`{"type":"content_block_start","content_block":{"type":"thinking","thinking":"t","signature":"S"}}`,
	`{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"u"}}`,
	`{"type":"vertex_event","x":null}`,
	`{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}`,
)

var errorBodies = []struct {
	status           int
	body             string
	kind, text, code string
}{
	{401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"},"request_id":"req_1"}`, "authentication_error", "invalid x-api-key", ""},
	{429, `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}`, "RESOURCE_EXHAUSTED", "Quota exceeded", "429"},
	{403, `[{"error":{"code":403,"message":"Denied","status":"PERMISSION_DENIED"}}]`, "PERMISSION_DENIED", "Denied", "403"},
	{400, `{"message":"Malformed input request"}`, "", "Malformed input request", ""},
	{400, `{"error":"bad","code":"x"}`, "", "bad", ""},
	{400, `{"detail":"Not so"}`, "", "Not so", ""},
	{502, `upstream is gone`, "", "upstream is gone", ""},
	{502, `<html><body>Bad gateway</body></html>`, "", "status 502", ""},
	{503, ``, "", "status 503", ""},
	{500, `{"error":null}`, "", "status 500", ""},
	{500, `null`, "", "status 500", ""},
}
