"""openai, chat completions and responses."""

import json

import openai

from matrix import SYSTEM, WEATHER, Answer, suite


class Chat:
    name, format = "openai (Python)", "openai"
    stop, tool_stop = "stop", "tool_calls"
    error = openai.RateLimitError

    @staticmethod
    def make(url, key):
        return openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)

    @staticmethod
    def user(text):
        return {"role": "user", "content": text}

    @staticmethod
    def results(outputs):
        return [{"role": "tool", "tool_call_id": i, "content": o} for i, o in outputs]

    @staticmethod
    def ask(client, model, messages, stream=False, tools=False):
        params = {"model": model, "messages": [{"role": "system", "content": SYSTEM}, *messages]}
        if tools:
            function = {"name": WEATHER["name"], "description": WEATHER["description"], "parameters": WEATHER["schema"]}
            params["tools"] = [{"type": "function", "function": function}]
        deltas = 0
        if stream:
            with client.chat.completions.stream(**params, stream_options={"include_usage": True}) as running:
                for event in running:
                    deltas += event.type == "content.delta"
                got = running.get_final_completion()
        else:
            got = client.chat.completions.create(**params)
        message = got.choices[0].message
        calls = [(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]
        usage = (got.usage.prompt_tokens, got.usage.completion_tokens)
        back = message.model_dump(exclude_none=True, exclude={"parsed": True})
        for call in back.get("tool_calls") or []:
            call["function"].pop("parsed_arguments", None)  # the client's own
            call.pop("index", None)
        return Answer(message.content, calls, usage, got.choices[0].finish_reason, [back], deltas)


class Responses(Chat):
    format = "responses"
    stop = tool_stop = "completed"

    @staticmethod
    def results(outputs):
        return [{"type": "function_call_output", "call_id": i, "output": o} for i, o in outputs]

    @staticmethod
    def ask(client, model, messages, stream=False, tools=False):
        params = {"model": model, "instructions": SYSTEM, "input": messages, "store": False}
        if tools:
            tool = {"name": WEATHER["name"], "description": WEATHER["description"], "parameters": WEATHER["schema"]}
            params["tools"] = [{"type": "function", "strict": False, **tool}]
        deltas = 0
        if stream:
            with client.responses.stream(**params) as running:
                for event in running:
                    deltas += event.type == "response.output_text.delta"
                got = running.get_final_response()
        else:
            got = client.responses.create(**params)
        calls = [(o.call_id, o.name, json.loads(o.arguments)) for o in got.output if o.type == "function_call"]
        usage = (got.usage.input_tokens, got.usage.output_tokens)
        back = [o.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for o in got.output]
        return Answer(got.output_text, calls, usage, got.status, back, deltas)


def load_tests(*_):
    return suite([Chat, Responses])
