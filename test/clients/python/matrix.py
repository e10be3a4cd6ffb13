"""One client in its own format before the models of every provider.

The same questions as in ../node/matrix/matrix.js, for Python's clients.
"""

import os
import unittest

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-flash",
    "bedrock": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere": "command-a-03-2025",
    "ollama": "qwen3:8b",
}

SYSTEM = "Be brief."
QUESTION = "What is the weather in Zürich and São Paulo?"
PLACES = ["Zürich", "São Paulo"]
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where"}},
        "required": ["city"],
    },
}


def need(name):
    value = os.environ.get(name)
    if not value:
        raise RuntimeError(f"{name} is not set: run ../run.sh")
    return value


class Answer:
    """What the model has said, whatever the client calls it."""

    def __init__(self, text, calls, usage, finish, message, deltas=0):
        self.text, self.calls, self.usage = text, calls, usage
        self.finish, self.message, self.deltas = finish, message, deltas


class Matrix(unittest.TestCase):
    """Its tests ask through adapter, which a subclass has made; see add."""

    adapter = provider = ""

    def setUp(self):
        self.model = MODELS[self.provider]
        url = f"{need('MATRIX_URL')}/{self.adapter.format}/{self.provider}"
        self.client = self.adapter.make(url, need("GATEWAY_KEY"))
        self.addCleanup(self.client.close)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        verdict = "ok" if len(result.failures) + len(result.errors) == before else "FAIL"
        scenario = self._testMethodName.removeprefix("test_").replace("_", "-")
        line = "\t".join([self.adapter.name, self.adapter.format, self.provider, scenario, verdict])
        if path := os.environ.get("MATRIX_COUNTS"):
            with open(path, "a", encoding="utf-8") as f:
                f.write(line + "\n")
        return result

    def ask(self, messages, **how):
        return self.adapter.ask(self.client, self.model, messages, **how)

    def text(self, stream):
        got = self.ask([self.adapter.user('hello there, "you" 🙂')], stream=stream)
        self.assertEqual(got.text, 'You said: hello there, "you" 🙂')
        self.assertEqual(got.calls, [])
        self.assertEqual(got.usage, (6, 6))
        self.assertEqual(got.finish, self.adapter.stop)
        if stream:
            self.assertGreater(got.deltas, 2)

    def tools(self, stream):
        messages = [self.adapter.user(QUESTION)]
        first = self.ask(messages, stream=stream, tools=True)
        self.assertEqual([c[1:] for c in first.calls], [("get_weather", {"city": p}) for p in PLACES])
        self.assertEqual(len({c[0] for c in first.calls}), 2)
        self.assertEqual(first.finish, self.adapter.tool_stop)
        messages += first.message
        messages += self.adapter.results([(c[0], f"sun in {c[2]['city']}") for c in first.calls])
        second = self.ask(messages, stream=stream, tools=True)
        self.assertEqual(second.text, "The tools said: sun in Zürich; sun in São Paulo")
        self.assertEqual(second.finish, self.adapter.stop)

    def failure(self, stream):
        with self.assertRaises(self.adapter.error) as raised:
            self.ask([self.adapter.user("error: 429")], stream=stream)
        self.assertEqual(raised.exception.status_code, 429)
        self.assertIn("scripted failure 429", str(raised.exception))

    def test_text(self):
        self.text(stream=False)

    def test_text_streamed(self):
        self.text(stream=True)

    def test_tools(self):
        self.tools(stream=False)

    def test_tools_streamed(self):
        self.tools(stream=True)

    def test_failure(self):
        self.failure(stream=False)

    def test_failure_streamed(self):
        self.failure(stream=True)


def suite(adapters):
    """A test case for each adapter and provider."""
    out = unittest.TestSuite()
    for adapter in adapters:
        for provider in MODELS:
            name = f"{adapter.name} ({adapter.format}) before {provider}"
            case = type(name, (Matrix,), {"adapter": adapter, "provider": provider})
            out.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return out
