using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat;

[Collection(Alone.Name)]
public sealed class ConversationMemoryTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    private const string Mixed = "uniform0_attention:2,4:1,0.5,0.25";

    [Fact]
    public void ManyQuestions_FreeEverythingWithTheConversation()
    {
        var encoder = TinyModel.Encoder();
        void Talk()
        {
            using var conversation = tiny.NewConversation(encoder);
            conversation.Attach(TinyModel.Sample);
            for (var i = 0; i < 3; i++) _ = conversation.Ask($"Question {i}?", tiny.Settings(Mixed), null, TestContext.Current.CancellationToken);
        }

        Talk();
        var before = Tensor.LiveCount;
        for (var i = 0; i < 5; i++) Talk();
        Assert.Equal(before, Tensor.LiveCount);
    }
}
