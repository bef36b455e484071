using System.IO.Compression;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Studio.Data;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Tokenization;
using Studio.Engine.Video;
using Studio.Hosting;
using Conversation = Studio.Data.Conversation;

namespace Studio.Tests.Inspect;

/// <summary>Conversations with answers and their traces in a studio's data folder, as a chat leaves them.</summary>
internal sealed class InspectSeed(StudioFolders folders, IDbContextFactory<StudioDb> databases, TimeProvider time)
{
    public const string Dropping = "uniform0_attention:2,4:1,0.5,0.25";

    /// <summary>Puts a video or picture into the library.</summary>
    public async Task<string> AddVideoAsync(string file, string owner, Visibility visibility = Visibility.Private)
    {
        var id = Ids.New(time);
        var extension = Path.GetExtension(file);
        await using var db = await databases.CreateDbContextAsync();
        _ = db.Add(new Video
        {
            Id = id,
            OwnerId = owner,
            Visibility = visibility,
            Kind = extension == ".png" ? VideoKind.Image : VideoKind.Video,
            Name = "Shapes",
            OriginalName = Path.GetFileName(file),
            Extension = extension,
            Bytes = new FileInfo(file).Length,
            ContentHash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file))) + owner,
            Duration = 24,
            Width = 640,
            Height = 360,
            FramesPerSecond = 25,
            FrameCount = 600,
            Codec = "h264",
            CreatedAt = time.GetUtcNow(),
        });
        _ = await db.SaveChangesAsync();
        // Behind the row: a file without one is cleared away.
        File.Copy(file, Path.Combine(folders.Videos, id + extension));
        return id;
    }

    /// <summary>A conversation with one question about a video, and an answer for each trace (null: none was recorded).</summary>
    /// <param name="pictureId">A picture attached behind the video.</param>
    /// <returns>The answers' ids in order.</returns>
    public async Task<IReadOnlyList<string>> AddAnswersAsync(string owner, string? videoId, IReadOnlyList<CompressionTrace?> traces, string? pictureId = null, Visibility visibility = Visibility.Private, string question = "What happens in the video?")
    {
        var now = time.GetUtcNow();
        var conversation = new Conversation { Id = Ids.New(time), OwnerId = owner, Visibility = visibility, Title = question, CreatedAt = now, UpdatedAt = now };
        var asked = new Message { Id = Ids.New(time), ConversationId = conversation.Id, Role = MessageRole.Question, Text = question, CreatedAt = now };
        asked.Media.Add(new() { MessageId = asked.Id, Position = 0, VideoId = videoId, Name = "shapes.mp4" });
        if (pictureId is not null) asked.Media.Add(new() { MessageId = asked.Id, Position = 1, VideoId = pictureId, Name = "picture.png" });
        conversation.Messages.Add(asked);
        var ids = new List<string>();
        for (var i = 0; i < traces.Count; i++)
        {
            var id = Ids.New(time);
            conversation.Messages.Add(new()
            {
                Id = id,
                ConversationId = conversation.Id,
                ParentId = asked.Id,
                Role = MessageRole.Answer,
                Text = $"A red ball bounces through the meadow, and then a blue square rises. ({i})",
                CreatedAt = now.AddSeconds(i + 1),
                Model = traces[i]?.Model ?? "tiny-random",
                HasTrace = traces[i] is not null,
                Slot = i,
                MeasuresJson = traces[i] is null ? null : $$"""{"model":"tiny-random","compression":"{{traces[i]!.Settings}}"}""",
            });
            if (traces[i] is { } trace) await WriteAsync(id, trace.ToJson());
            ids.Add(id);
        }

        await using var db = await databases.CreateDbContextAsync();
        _ = db.Add(conversation);
        _ = await db.SaveChangesAsync();
        return ids;
    }

    public async Task WriteAsync(string answerId, string json)
    {
        await using var file = File.Create(Path.Combine(folders.Traces, $"{answerId}.json.gz"));
        await using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        await gzip.WriteAsync(Encoding.UTF8.GetBytes(json));
    }

    /// <summary>Traces of real runs of a tiny model over a video.</summary>
    public static IReadOnlyList<CompressionTrace> Run(string video, int frames, params string[] compressions) => Run([video], frames, compressions);

    /// <summary>Traces of real runs of a tiny model over videos and pictures.</summary>
    public static IReadOnlyList<CompressionTrace> Run(IReadOnlyList<string> media, int frames, params string[] compressions) => Run(media, frames, isXl: false, compressions);

    /// <summary>The same of a tiny Video-XL.</summary>
    public static IReadOnlyList<CompressionTrace> RunXl(string video, int frames, params string[] compressions) => Run([video], frames, isXl: true, compressions);

    private static IReadOnlyList<CompressionTrace> Run(IReadOnlyList<string> media, int frames, bool isXl, string[] compressions)
    {
        var folder = Directory.CreateTempSubdirectory("studio-tiny-");
        try
        {
            var tokenizerPath = Path.Combine(folder.FullName, "tokenizer.json");
            ByteLevelTokenizerWriter.Write(tokenizerPath, []);
            var tokenizer = Tokenizer.Load(tokenizerPath);
            _ = tokenizer.TryGetId("<|endoftext|>", out var bos);
            _ = tokenizer.TryGetId(ChatMl.TurnEnd, out var eos);
            RandomCheckpoint.Create(folder.FullName, isXl ? TinyModels.VideoXl(tokenizer.VocabularySize, bos, eos) : TinyModels.VideoChatFlash(tokenizer.VocabularySize, bos, eos), 1, SafetensorsDtype.F32);
            using var model = VideoModel.Load(folder.FullName, new LoadSettings());
            return [.. compressions.Select(compress =>
            {
                using var conversation = new Engine.Chat.Conversation(model, new MediaEncoder(MediaTools.Locate(), new VisualTokenCache(null)));
                foreach (var file in media) conversation.Attach(file);
                return conversation.Ask("What happens in the video?", new AskSettings
                {
                    Sampling = isXl ? SamplingSettings.Uniform(frames) with { ClipLength = 1 } : SamplingSettings.Uniform(frames),
                    Compression = CompressionSettings.Parse(compress, model.Config),
                    Generation = model.DefaultGeneration with { MaxNewTokens = 6, StopIds = [] },
                    Trace = true,
                }).Trace! with { Model = isXl ? "tiny-random-xl" : "tiny-random" };
            })];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
