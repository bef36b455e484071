using System.Text.Json;
using Studio.OpenAi;
using Xunit;

namespace Studio.Tests.OpenAi;

public sealed class ChatRequestTests
{
    [Fact]
    public void Parse_ReadsRolesPartsAndSettings()
    {
        var request = Parse("""
            {"model":"m","temperature":0.5,"top_p":0.9,"seed":-1,"max_tokens":5,"max_completion_tokens":7,"stop":"X","stream":true,"stream_options":{"include_usage":true},
             "user":"u","metadata":{"a":"b"},"n":1,"tools":[],"logprobs":false,"frequency_penalty":0,"response_format":{"type":"text"},"presence_penalty":null,
             "studio":{"fps":0.5,"compress":"strong","topK":4,"trace":true,"temperature":9},
             "messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":[{"type":"text","text":"Be kind."}]},
              {"role":"user","content":[{"type":"video_url","video_url":{"url":"video:1"}},{"type":"text","text":"One"}]},{"role":"user","content":[{"type":"text","text":"two"},{"type":"image_url","image_url":"video:2"}]},
              {"role":"assistant","content":"Yes."},{"role":"assistant","content":null},{"role":"user","content":"Three"}]}
            """);
        Assert.Equal(("m", "Be brief.\nBe kind.", true, true, true), (request.Model, request.System, request.Stream, request.IncludeUsage, request.Trace));
        Assert.Equal(["One\ntwo", "Yes.", "Three"], request.Turns.Select(t => t.Text));
        Assert.Equal([("video:1", "messages[2].content[0].video_url"), ("video:2", "messages[3].content[1].image_url")], request.Turns[0].Media.Select(m => (m.Url.GetString()!, m.Field)));
        Assert.Equal(new() { Temperature = 0.5, TopP = 0.9, Seed = ulong.MaxValue, MaxNewTokens = 7, Fps = 0.5, Compress = "strong", TopK = 4 }, request.Settings);
        Assert.Equal(["X"], request.Stop);
    }

    [Theory]
    [InlineData("""[]""", "body")]
    [InlineData("""{"messages":"hi"}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "messages[0].content[0].text")]
    [InlineData("""{"messages":[{"role":"tool","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x"},{"role":"user","content":"y"}]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"video:1"}}]}]}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}""", "messages[0].content[0].image_url")]
    [InlineData("""{"messages":[{"role":"system","content":[{"type":"image_url","image_url":"x"}]},{"role":"user","content":"y"}]}""", "messages[0]")]
    [InlineData("""{"messages":["x"]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"n":0}""", "n")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stop":[1]}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stop":["a","b","c","d","e"]}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stop":""}""", "stop")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"temperature":"hot"}""", "temperature")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stream":"yes"}""", "stream")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"model":5}""", "model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"logprobs":true}""", "logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"presence_penalty":1}""", "presence_penalty")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}""", "response_format")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"studio":{"frames":"x"}}""", "studio.frames")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"studio":{"model":"x"}}""", "studio.model")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"studio":[]}""", "studio")]
    public void Parse_NamesTheField(string body, string param)
    {
        var refused = Assert.Throws<OpenAiException>(() => Parse(body));
        Assert.Equal((400, param), (refused.Status, refused.Param));
    }

    [Fact]
    public void Parse_TooManyMessages_AreRefused() =>
        Assert.Equal("messages", Assert.Throws<OpenAiException>(() => Parse($$"""{"messages":[{{string.Join(',', Enumerable.Repeat("""{"role":"user","content":"x"}""", ChatRequest.MaxMessages + 1))}}]}""")).Param);

    private static ChatRequest Parse(string json) => ChatRequest.Parse(JsonDocument.Parse(json).RootElement);
}
