using Studio.Engine.Checkpoints;
using Studio.ModelHosting;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class BuiltInModelTests : IDisposable
{
    /// <summary>What a model that ships may take in the repository.</summary>
    private const long MostBytes = 16_000_000;

    private readonly string _root = Directory.CreateTempSubdirectory("built-in").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Names_WithoutATrainedModel_AreTheRandomOnes()
    {
        Assert.Equal(["tiny-random", "tiny-random-xl"], BuiltInModel.Names(_root));
        Assert.False(BuiltInModel.IsShipped(_root, "flash-mini"));
        Assert.False(BuiltInModel.IsShipped(_root, "tiny-random"));
        string folder = BuiltInModel.Folder(_root, Path.Combine(_root, "cache"), "tiny-random-xl");
        Assert.Equal(ModelSystem.VideoXl, ModelConfig.Load(folder).System);
        Assert.Contains("tiny-random", Assert.Throws<ArgumentException>(() => BuiltInModel.Folder(_root, Path.Combine(_root, "cache"), "flash-mini")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_TrainedModelsInTheRepository_ComeFirst()
    {
        foreach (string name in new[] { "xl-mini", "flash-mini", "somebody-elses" })
        {
            TinyModels.VideoChatFlash().Save(Directory.CreateDirectory(Path.Combine(_root, "data", "models", name)).FullName);
        }

        Assert.Equal(["flash-mini", "xl-mini", "tiny-random", "tiny-random-xl"], BuiltInModel.Names(_root));
        Assert.True(BuiltInModel.IsShipped(_root, "flash-mini"));
        Assert.Equal(Path.Combine(_root, "data", "models", "flash-mini"), BuiltInModel.Folder(_root, Path.Combine(_root, "cache"), "flash-mini"));
    }

    /// <summary>Whatever ships opens as a model, has a card, and is small enough for a repository.</summary>
    [Fact]
    public void ShippedModels_OpenAndHaveACard()
    {
        string checkout = ReadmeTests.Checkout();
        foreach (string name in BuiltInModel.Names(checkout).Where(n => BuiltInModel.IsShipped(checkout, n)))
        {
            string folder = BuiltInModel.Folder(checkout, _root, name);
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            Assert.InRange(new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length), 1, MostBytes);
            Assert.Contains("Recipe", File.ReadAllText(Path.Combine(folder, "README.md")), StringComparison.Ordinal);
        }
    }
}
