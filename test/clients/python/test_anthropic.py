"""anthropic."""

import anthropic

from matrix import SYSTEM, WEATHER, Answer, suite


class Messages:
    name, format = "anthropic (Python)", "anthropic"
    stop, tool_stop = "end_turn", "tool_use"
    error = anthropic.RateLimitError

    @staticmethod
    def make(url, key):
        return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)

    @staticmethod
    def user(text):
        return {"role": "user", "content": text}

    @staticmethod
    def results(outputs):
        return [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": i, "content": o} for i, o in outputs]}]

    @staticmethod
    def ask(client, model, messages, stream=False, tools=False):
        params = {"model": model, "max_tokens": 500, "system": SYSTEM, "messages": messages}
        if tools:
            params["tools"] = [{"name": WEATHER["name"], "description": WEATHER["description"], "input_schema": WEATHER["schema"]}]
        deltas = 0
        if stream:
            with client.messages.stream(**params) as running:
                for event in running:
                    deltas += event.type == "text"
                got = running.get_final_message()
        else:
            got = client.messages.create(**params)
        text = "".join(b.text for b in got.content if b.type == "text")
        calls = [(b.id, b.name, b.input) for b in got.content if b.type == "tool_use"]
        usage = (got.usage.input_tokens, got.usage.output_tokens)
        return Answer(text, calls, usage, got.stop_reason, [{"role": "assistant", "content": got.content}], deltas)


def load_tests(*_):
    return suite([Messages])
