package agents

import (
	"os"
	"path/filepath"
	"testing"
)

// task is what the agents are asked; it matters to nobody.
const task = "Write a greeting into hello.txt and show me the file."

// agent is a coding agent.
type agent struct {
	name    string
	program string // where run.sh has put it
	format  format
	models  []string // of vendors
	// setUp gives the arguments of the program.
	setUp func(t *testing.T, s *setting) (args []string)
}

// setting is what an agent finds.
type setting struct {
	url, key, home string
	env            []string // to be filled
}

// file writes a file into the agent's home.
func (s *setting) file(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join(s.home, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var agents = []*agent{
	{
		name: "claude-code", program: "@anthropic-ai/claude-code-linux-x64/claude",
		format: speaksAnthropic, models: []string{"openai", "gemini"}, setUp: claudeCode,
	},
	{
		name: "codex", program: "codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
		format: speaksResponses, models: []string{"anthropic", "gemini"}, setUp: codex,
	},
	{
		name: "gemini-cli", program: ".bin/gemini",
		format: speaksGemini, models: []string{"anthropic", "openai"}, setUp: geminiCLI,
	},
	{
		name: "opencode", program: "opencode-linux-x64/bin/opencode",
		format: speaksOpenAI, models: []string{"anthropic", "gemini"}, setUp: opencode,
	},
}

// https://code.claude.com/docs/en/llm-gateway
func claudeCode(_ *testing.T, s *setting) []string {
	s.env = []string{
		"ANTHROPIC_BASE_URL=" + s.url, "ANTHROPIC_API_KEY=" + s.key,
		"ANTHROPIC_MODEL=scripted", "ANTHROPIC_SMALL_FAST_MODEL=scripted", "ANTHROPIC_DEFAULT_HAIKU_MODEL=scripted",
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", "DISABLE_TELEMETRY=1",
		"IS_SANDBOX=1",
	}
	return []string{"--print", "--dangerously-skip-permissions", task}
}

// https://developers.openai.com/codex/config-reference
func codex(t *testing.T, s *setting) []string {
	t.Helper()
	s.env = []string{"CODEX_HOME=" + filepath.Join(s.home, ".codex"), "GATEWAY_KEY=" + s.key}
	s.file(t, ".codex/config.toml", `
model = "scripted"
model_provider = "gateway"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.gateway]
name = "gateway"
base_url = "`+s.url+`/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
`)
	return []string{"exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", task}
}

// https://geminicli.com/docs/reference/configuration
func geminiCLI(t *testing.T, s *setting) []string {
	t.Helper()
	s.env = []string{
		"GEMINI_API_KEY=" + s.key, "GOOGLE_GEMINI_BASE_URL=" + s.url, "GEMINI_MODEL=gemini-2.5-flash",
		"GEMINI_TELEMETRY_ENABLED=false",
	}
	s.file(t, ".gemini/settings.json", `{
		"security": {"auth": {"selectedType": "gemini-api-key"}},
		"privacy": {"usageStatisticsEnabled": false},
		"general": {"disableAutoUpdate": true, "enableAutoUpdate": false}
	}`)
	return []string{"--skip-trust", "--yolo", "--prompt", task}
}

// https://opencode.ai/docs/providers
func opencode(t *testing.T, s *setting) []string {
	t.Helper()
	s.env = []string{"OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1", "OPENCODE_DISABLE_LSP_DOWNLOAD=1"}
	s.file(t, ".config/opencode/opencode.json", `{
		"autoupdate": false, "share": "disabled",
		"provider": {"gateway": {
			"npm": "@ai-sdk/openai-compatible", "options": {"baseURL": "`+s.url+`/v1", "apiKey": "`+s.key+`"},
			"models": {"scripted": {"name": "scripted", "tool_call": true}}
		}},
		"model": "gateway/scripted", "small_model": "gateway/scripted"
	}`)
	return []string{"run", "--auto", task}
}
