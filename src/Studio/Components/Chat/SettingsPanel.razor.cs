using System.Globalization;
using Microsoft.AspNetCore.Components;
using Studio.Engine.Compression;
using Studio.ModelHosting;

namespace Studio.Components.Chat;

/// <summary>The settings of one answer.</summary>
public sealed partial class SettingsPanel : ComponentBase
{
    private static readonly (string Value, string Label, string Title)[] s_presets =
    [
        ("", "model's own", "As the model's checkpoint says"),
        ("off", "off", "Every visual token lives in every layer"),
        ("balanced", "balanced", "75 % after an early layer, the 25 % that the question attends to most after a deep one"),
        ("strong", "strong", "Half after an early layer, an eighth after the middle: for the longest videos"),
        (SettingsForm.ByHand, "by hand", "Choose layers and shares"),
    ];

    private static readonly (string Value, string Label, string Title)[] s_windowPresets =
    [
        ("", "model's own", "As the model's checkpoint says"),
        ("off", "off", "Every visual token of every window stays"),
        ("balanced", "balanced", "One summary token for 8 visual tokens"),
        ("strong", "strong", "One summary token for 16 visual tokens: for the longest videos"),
        (SettingsForm.ByHand, "by hand", "Choose the ratio: 2, 4, 8, 12, 16, window by window, drawn, or by content"),
    ];

    private static readonly string[] s_more =
    [
        nameof(SettingsForm.Temperature), nameof(SettingsForm.TopP), nameof(SettingsForm.TopK), nameof(SettingsForm.Seed), nameof(SettingsForm.MaxNewTokens),
        nameof(SettingsForm.RepetitionPenalty), nameof(SettingsForm.Start), nameof(SettingsForm.End), nameof(SettingsForm.MaxFrames),
    ];

    private readonly string _id = "s" + Guid.NewGuid().ToString("N")[..8];
    private bool _wasOpen;

    [Parameter, EditorRequired] public SettingsColumn Column { get; set; } = null!;

    /// <summary>Models to choose from.</summary>
    [Parameter] public IReadOnlyList<ModelCard> Models { get; set; } = [];

    /// <summary>Set where two columns stand side by side.</summary>
    [Parameter] public string? Title { get; set; }

    /// <summary>Whether to say what is to know about the model: once is enough.</summary>
    [Parameter] public bool ShowNote { get; set; } = true;

    /// <summary>Something was typed or chosen; the form has read it.</summary>
    [Parameter] public EventCallback OnChanged { get; set; }

    private SettingsForm Form => Column.Form;

    private string? DefaultModel => Models.FirstOrDefault(m => m.IsDefault)?.Name;

    private ModelCard? Chosen => Models.FirstOrDefault(m => Form.Model.Length == 0 ? m.IsDefault : m.Name == Form.Model);

    private int? Layers => Chosen?.Geometry?.Layers;

    /// <summary>Whether the chosen model sums windows up in summary tokens (Video-XL).</summary>
    private bool HasWindows => Chosen is { } model ? SettingsForm.IsOfWindows(model.DefaultCompression) : Form.HasWindows;

    private (string Value, string Label, string Title)[] Presets => HasWindows ? s_windowPresets : s_presets;

    /// <summary>The published ratios, and what is set where it is another.</summary>
    private IEnumerable<string> Ratios => VstCompression.PublishedRatios.Select(r => r.ToString(CultureInfo.InvariantCulture)).Append(Form.Ratio).Distinct();

    private string WindowsHint => Form.RatioBy switch
    {
        RatioChoice.Drawn => "from those that the checkpoint was trained with",
        RatioChoice.Content => "windows end where the picture changes",
        _ => "only summary tokens of a window stay",
    };

    /// <summary>What a person should know about the chosen model.</summary>
    private string? Note => Chosen?.Problem ?? Chosen?.Note;

    private int MoreErrors => s_more.Count(Form.Errors.ContainsKey);

    protected override void OnInitialized() =>
        _wasOpen = s_more.Any(Form.Errors.ContainsKey) || Form.Value is { } v && (v.Temperature ?? v.TopP ?? v.Start ?? v.End ?? v.RepetitionPenalty ?? v.MaxNewTokens ?? v.TopK ?? v.MaxFrames) is not null;

    private static string Text(ChangeEventArgs e) => e.Value as string ?? "";

    private string? Error(string field) => Form.Errors.GetValueOrDefault(field);

    private string Pressed(FrameChoice choice) => Form.Frames == choice ? "true" : "false";

    private Task Choose(string preset) => Set(form =>
    {
        // By hand begins with what was chosen before.
        if (preset == SettingsForm.ByHand && form.Preset != preset) Spell(form, form.Preset);
        form.Preset = preset;
    });

    private void Spell(SettingsForm form, string preset)
    {
        form.HasWindows = HasWindows;
        var compress = preset.Length > 0 ? preset : Chosen?.DefaultCompression ?? "balanced";
        if (form.HasWindows) form.SpellWindows(compress);
        else if (Layers is { } layers) form.Spell(compress, layers);
    }

    private async Task Set(Action<SettingsForm> change)
    {
        change(Form);
        // What was set by hand for one system says nothing to the other.
        if (Form.Preset == SettingsForm.ByHand && Form.HasWindows != HasWindows) Spell(Form, "balanced");
        Form.Read(Layers);
        await OnChanged.InvokeAsync();
    }
}
