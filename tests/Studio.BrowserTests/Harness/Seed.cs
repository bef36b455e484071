using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Data;
using Studio.Engine.Training;
using Studio.Library.Importing;

namespace Studio.BrowserTests.Harness;

/// <summary>What a test needs to be there and no page can bring about, such as an answer with given words.</summary>
internal static class Seed
{
    public static CurrentUser Me { get; } = new(SingleUserHandler.UserId, "You", Roles.Admin);

    /// <summary>A video of the one user with a question about it and an answer with these words.</summary>
    public static async Task<(string Conversation, string Answer)> ConversationAsync(StudioFixture studio, string film, string question, string answer)
    {
        var video = (await studio.Services.GetRequiredService<VideoImporter>().AddFileAsync(Me, film, null, CancellationToken.None)).Video;
        var now = TimeProvider.System.GetUtcNow();
        var conversation = new Conversation { Id = Ids.New(TimeProvider.System), OwnerId = Me.Id, Title = question, CreatedAt = now, UpdatedAt = now };
        var asked = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation.Id, Role = MessageRole.Question, Text = question, CreatedAt = now };
        asked.Media.Add(new() { MessageId = asked.Id, Position = 0, VideoId = video.Id, Name = video.Name });
        var answered = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation.Id, ParentId = asked.Id, Role = MessageRole.Answer, Text = answer, CreatedAt = now.AddSeconds(1), Model = "tiny-random" };
        conversation.Messages.Add(asked);
        conversation.Messages.Add(answered);
        await using var db = await studio.Services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync();
        _ = db.Add(conversation);
        _ = await db.SaveChangesAsync();
        return (conversation.Id, answered.Id);
    }

    /// <summary>A recipe of the data folder that trains a tiny model.</summary>
    public static Task RecipeAsync(StudioFixture studio, string name, int steps)
    {
        var folder = Directory.CreateDirectory(Path.Combine(studio.DataFolder, "recipes")).FullName;
        return File.WriteAllTextAsync(Path.Combine(folder, $"{name}.json"), $$"""
            {
              "name": "{{name}}", "description": "A tiny model, for a look at the pages.", "base": { "geometry": "tiny-random", "seed": 5 }, "saveEvery": 5,
              "stages": [{
                "name": "first", "rates": { "projector": 0.001, "decoder": 0.001 }, "template": "chatFlash", "steps": {{steps}},
                "frames": { "rule": "middle", "min": 1, "max": 4 },
                "data": { "world": { "kinds": { "where": 1 }, "seconds": [4], "fps": 1, "objects": 60 }, "worldSide": 32 }
              }]
            }
            """);
    }

    /// <summary>The metrics of a training of two stages, as its command would have left them.</summary>
    public static void AddTraining(StudioFixture studio, string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(studio.DataFolder, "training", name)).FullName;
        File.Delete(Path.Combine(folder, TrainingMetrics.FileName));
        using var metrics = new TrainingMetrics(folder, 0, 0);
        foreach (var (stage, title, steps) in new[] { (0, "alignment", 120), (1, "short videos", 300) })
        {
            for (var step = 1; step <= steps; step++)
            {
                var at = step + (120 * stage);
                metrics.Add(new()
                {
                    Stage = title, StageIndex = stage, Step = step, Steps = steps, Loss = (4 / (1 + (at / 90.0))) + (0.4 * Math.Abs(Math.Sin(at * 1.7))) + (0.3 * stage), GradientNorm = 1 + Math.Abs(Math.Sin(at)),
                    Rates = new Dictionary<string, double> { ["decoder"] = 1e-3 * (1 - (step / (double)steps)), ["projector"] = 2e-3 * (1 - (step / (double)steps)) },
                    Rows = 3000 + (at % 400), Supervised = 60, Replaced = 0, Seconds = 0.9,
                });
            }
        }
    }
}
