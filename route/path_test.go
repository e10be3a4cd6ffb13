package route

import "testing"

var normalCases = []struct{ raw, want string }{
	{"/", "/"},
	{"", "/"},
	{"*", "/*"},
	{"a", "/a"},
	{"/a/b", "/a/b"},
	{"/a/b/", "/a/b/"},
	{"/a?x=/../", "/a"},
	{"/a?", "/a"},
	{"?", "/"},
	{"//", "/"},
	{"/a//b///c", "/a/b/c"},
	{"/a//", "/a/"},
	{"/a/./b", "/a/b"},
	{"/a/.", "/a/"},
	{"/.", "/"},
	{"/..", "/"},
	{"/a/..", "/"},
	{"/a/b/..", "/a/"},
	{"/a/b/../", "/a/"},
	{"/a/../b", "/b"},
	{"/a//../b", "/b"},
	{"/../../a", "/a"},
	{"/a/..?x", "/"},
	{"/.well-known/..x/...", "/.well-known/..x/..."},
	{"/route../req", "/route../req"},
	{"/route%2E%2E/req", "/route../req"},
	{"/a/%2e%2e/b", "/b"},
	{"/%2E/a", "/a"},
	{"/%2e./a", "/a"},
	{"/%41", "/A"},
	{"/%7Ea%2Db%5f", "/~a-b_"},
	{"/a%2Fb", "/a%2Fb"},
	{"/a%2fb", "/a%2Fb"},
	{"/%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D", "/%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D"},
	{"/%3f%3a", "/%3F%3A"},
	{"/%2541", "/%2541"},
	{"/%4%31", "/%2541"},
	{"/100%", "/100%25"},
	{"/%zz", "/%25zz"},
	{"/%C3%A9", "/é"},
	{"/é", "/é"},
	{"/a%20b%22", `/a b"`},
	{"/%0d%0a", "/\r\n"},
	{"/%2e%2f%2e", "/.%2F."},
	{"http://example.com/a/../b?x", "/b"},
	{"HTTP://example.com", "/"},
	{"http://example.com?x=/y", "/"},
	{"://x/y", "/:/x/y"},
	{"/http://x", "/http:/x"},
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	for _, c := range normalCases {
		if got := Normalize(c.raw); got != c.want {
			t.Errorf("%q: got %q, want %q", c.raw, got, c.want)
		}
	}
}
