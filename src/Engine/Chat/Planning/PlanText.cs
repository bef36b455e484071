using System.Text;

namespace Studio.Engine.Chat.Planning;

/// <summary>A plan for people: plain text, aligned columns, units on every number, lines that end in \n.</summary>
public static class PlanText
{
    private const int LabelWidth = 22;

    public static string Render(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var (text, cost) = (new StringBuilder(), plan.Cost);
        var (tokens, memory) = (cost.Tokens, cost.Memory);
        Line(text, "model", plan.Model);
        Line(text, "device", $"{plan.Device}, computing in {plan.ComputeType}, weights stored in {plan.StoredType}");
        Line(text, "input", Input(tokens));
        Line(text, "compression", plan.Compression);
        if (tokens.Windows is { Windows: > 0 } windows) Line(text, "windows", Windows(windows));
        Line(text, "machine", plan.Rates is { } r
            ? $"{r.Key.CpuModel}, {r.Key.Threads} threads: {Units.FlopRate(r.GemmFp32)} fp32{(r.GemmBf16 is { } b ? $", {Units.FlopRate(b)} bf16" : "")}, reads {Units.ByteRate(r.ReadBytesPerSecond)} (measured {r.MeasuredAt:yyyy-MM-dd})"
            : "not measured");

        _ = text.Append('\n');
        Table(text, ["stage", "layers", "visual tokens", "rows", "KV cache"],
        [
            .. tokens.Stages.Select(s => (string[])[$"{s.Stage}", $"{s.FirstLayer + 1}-{s.FirstLayer + s.Layers}", Units.Count(s.VisualTokens), Units.Count(s.Rows), Units.Bytes(s.KvBytes)]),
            ["all", $"{tokens.RowsPerLayer.Count}", "", Units.Count(tokens.Prompt), Units.Bytes(tokens.KvBytes)],
        ]);

        _ = text.Append('\n');
        Table(text, ["step", "work", "bytes moved", "expected"],
        [
            .. plan.Steps.Select(s => (string[])[s.Name, Units.Flops(s.Flops), s.Bytes > 0 ? Units.Bytes(s.Bytes) : "-", Units.Seconds(s.Seconds)]),
            ["first token", "", "", Units.Seconds(plan.FirstToken)],
            ["all", Units.Flops(cost.TotalFlops), "", Units.Seconds(plan.Total)],
        ]);

        _ = text.Append('\n');
        Line(text, "weights", $"{Units.Bytes(cost.Weights.Total)} (tower {Units.Bytes(cost.Weights.Tower)}, connector {Units.Bytes(cost.Weights.Connector)}, decoder {Units.Bytes(cost.Weights.Decoder)})");
        Line(text, "decoding", $"{Units.Flops(cost.Decoder.DecodePerToken)} and {Units.Bytes(cost.Decoder.DecodeBytesPerToken)} a token");
        Line(text, "visual embeddings", Units.Bytes(memory.VisualEmbeddings));
        Line(text, "peak while encoding", Units.Bytes(memory.EncodePeak));
        Line(text, "peak while reading", $"{Units.Bytes(memory.PrefillPeak)} (hidden states {Units.Bytes(memory.Hidden)}, scratch {Units.Bytes(memory.ChunkScratch)}, converted layer {Units.Bytes(memory.ConvertedLayer)})");
        Line(text, "peak while answering", Units.Bytes(memory.DecodePeak));
        Line(text, "peak", $"{Units.Bytes(memory.Peak)} with weights, {Units.Bytes(memory.WorkingPeak)} without");
        foreach (var note in plan.Notes) Line(text, "note", note);
        return text.ToString();
    }

    private static string Input(TokenCost tokens)
    {
        var parts = new List<string>(); // bounded by the four kinds
        if (tokens.Frames > 0) parts.Add($"{Units.Count(tokens.Frames)} frames in {Units.Count(tokens.Clips)} clips");
        if (tokens.Crops > 0) parts.Add($"{Units.Count(tokens.Crops)} image crops");
        parts.Add($"{Units.Count(tokens.Text)} text tokens");
        parts.Add($"up to {Units.Count(tokens.New)} new tokens");
        return string.Join(", ", parts);
    }

    private static string Windows(WindowCost windows) =>
        $"{Units.Count(windows.Windows)} of up to {Units.Count(windows.WindowTokens)} visual tokens; {(windows.Summaries == 0 ? "all" : Units.Count(windows.Summaries) + " summary tokens")} stay, positions up to {Units.Count(windows.HighestPosition)}";

    private static void Line(StringBuilder text, string label, string value) => text.Append(label.PadRight(LabelWidth)).Append(value).Append('\n');

    /// <summary>First column to the left, the others to the right.</summary>
    private static void Table(StringBuilder text, string[] header, string[][] rows)
    {
        string[][] all = [header, .. rows];
        int[] widths = [.. header.Select((_, c) => all.Max(row => row[c].Length))];
        foreach (var row in all)
        {
            var cells = row.Select((cell, c) => c == 0 ? cell.PadRight(Math.Max(widths[0], LabelWidth - 2)) : cell.PadLeft(widths[c]));
            _ = text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
    }
}
