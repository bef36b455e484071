using Microsoft.AspNetCore.WebUtilities;
using Studio.Components.Chat;
using Studio.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class ChatAddressTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    private static ChatAddress Read(string address)
    {
        var parts = address.Split('?', 2);
        var query = parts.Length == 1 ? [] : QueryHelpers.ParseQuery(parts[1]).ToDictionary(p => p.Key, p => (string?)p.Value.ToString());
        return ChatAddress.Parse(parts[0].StartsWith("chat/", StringComparison.Ordinal) ? parts[0][5..] : null, query);
    }

    [Fact]
    public void ToString_Everything_IsReadBack()
    {
        var address = new ChatAddress
        {
            ConversationId = "abc", MessageId = Id, Time = 62.5, VideoId = Id, Attached = [Id, new string('f', 32)], IsComparing = true, Query = "a & b=c?;ä", Page = 3, IsHistoryHidden = true,
            Settings = new() { Model = "own: model;=1", Compress = "uniform0_attention:4,18:1,0.75,0.25", Frames = 32, MaxNewTokens = 5 },
            SecondSettings = new() { Fps = 0.5, MaxFrames = 100, Start = 1.5, End = 9, Temperature = 0.7, TopP = 0.9, TopK = 40, Seed = ulong.MaxValue, RepetitionPenalty = 1.1 },
        };
        var read = Read(address.ToString());
        Assert.Equal(address with { Attached = [] }, read with { Attached = [] });
        Assert.Equal(address.Attached, read.Attached);
        Assert.Contains("compress:uniform0_attention:4,18:1,0.75,0.25", address.ToString(), StringComparison.Ordinal); // stays readable
    }

    [Fact]
    public void ToString_Defaults_AreLeftOut()
    {
        Assert.Equal("chat", new ChatAddress().ToString());
        Assert.Equal("chat/abc", new ChatAddress { ConversationId = "abc", Settings = new(), SecondSettings = new() { Frames = 3 } }.ToString());
    }

    [Theory]
    [InlineData("chat?m=nonsense&v=../../etc&t=-5&p=0&compare=yes&s=;;x:&history=no")]
    [InlineData("chat?t=NaN&p=99999999999&s=frames:many;fps:1e999&video=javascript:1,,&q=%20")]
    public void Parse_Nonsense_IsLeftOut(string address) => Assert.Equal("chat", Read(address).ToString());

    [Fact]
    public void Parse_TooManyVideosAndTooLongWords_AreCut()
    {
        var many = string.Join(',', Enumerable.Range(0, 40).Select(i => i.ToString("x32", System.Globalization.CultureInfo.InvariantCulture)));
        var address = Read($"chat?video={many}&q={new string('a', 500)}");
        Assert.Equal(ChatAddress.MaxAttached, address.Attached.Count);
        Assert.Equal(200, address.Query!.Length);
    }

    [Fact]
    public void Parse_ModelOfALink_BecomesASetting() => Assert.Equal(new AnswerSettings { Model = "7b" }, Read("chat?model=7b").Settings);

    [Fact]
    public void To_AnotherConversation_KeepsOnlyTheHistory()
    {
        var address = new ChatAddress { ConversationId = "a", MessageId = Id, Time = 1, Attached = [Id], Query = "x", Page = 2, IsComparing = true, Settings = new() { Frames = 1 } };
        Assert.Equal("chat/b?q=x&p=2", address.To("b").ToString());
    }
}
