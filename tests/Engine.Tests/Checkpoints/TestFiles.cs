using System.Text;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("studio-checkpoints-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Golden data of the repository and hand-made safetensors files.</summary>
internal static class TestFiles
{
    public static string Golden(string caseName, string file = "") => Path.Combine(Tests.Golden.Folder(caseName), file);

    /// <summary>Length field, header and data bytes as given, right or wrong.</summary>
    public static void WriteRaw(string path, string header, int dataBytes, ulong? statedLength = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        using FileStream stream = File.Create(path);
        stream.Write(BitConverter.GetBytes(statedLength ?? (ulong)json.Length));
        stream.Write(json);
        stream.Write(new byte[dataBytes]);
    }

    /// <summary>A sound file of these F32 tensors, all zero.</summary>
    public static void WriteZeros(string path, params (string Name, long[] Shape)[] tensors) =>
        WriteZeros(path, SafetensorsDtype.F32, tensors);

    public static void WriteZeros(string path, SafetensorsDtype dtype, params (string Name, long[] Shape)[] tensors)
    {
        TensorDeclaration[] declared = [.. tensors.Select(t => new TensorDeclaration(t.Name, dtype, t.Shape))];
        using var writer = SafetensorsWriter.Create(path, declared);
        foreach (TensorDeclaration tensor in declared)
        {
            writer.Write<byte>(tensor.Name, new byte[tensor.ByteLength]);
        }

        writer.Commit();
    }

    /// <summary>A model with random weights.</summary>
    public static void CreateRandom(
        string folder, ModelConfig config, ulong seed, SafetensorsDtype dtype = SafetensorsDtype.BF16, long? maxShardBytes = null) =>
        RandomCheckpoint.Create(folder, config, seed, dtype, maxShardBytes, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Replaces text in a file, which must be there.</summary>
    public static void Edit(string path, string from, string to)
    {
        string text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }
}
