using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Studio.Components.Markdown;

/// <summary>
/// Shows a text as Markdown, made of elements, never of markup: nothing in the text can become a tag or a script. Each
/// block is a component of its own, so that while the text grows only its end is sent again.
/// </summary>
public sealed class MarkdownView : ComponentBase
{
    private readonly MarkdownText _text = new();

    [Parameter, EditorRequired] public string Text { get; set; } = "";

    /// <summary>Makes times into links; null leaves them text.</summary>
    [Parameter] public TimeLinks? Times { get; set; }

    /// <summary>More text will follow: marks that are open at its end already count as closed, so that they do not flicker.</summary>
    [Parameter] public bool IsGrowing { get; set; }

    protected override void OnParametersSet() => _ = _text.Update(IsGrowing ? GrowingText.Close(Text) : Text);

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenElement(0, "div");
        builder.AddAttribute(1, "class", "md");
        builder.AddAttribute(2, "dir", "auto");
        // The first heading is the highest, whatever its level: the page's outline has no gaps, and does not change as the text grows.
        var top = _text.Blocks.OfType<MarkdownBlock.Heading>().FirstOrDefault()?.Level ?? 1;
        foreach (var block in _text.Blocks)
        {
            builder.OpenComponent<MarkdownBlockView>(3);
            builder.SetKey(block.Start);
            builder.AddComponentParameter(4, nameof(MarkdownBlockView.Block), block);
            builder.AddComponentParameter(5, nameof(MarkdownBlockView.Times), Times);
            builder.AddComponentParameter(6, nameof(MarkdownBlockView.TopLevel), top);
            builder.CloseComponent();
        }

        builder.CloseElement();
    }
}

/// <summary>How times in a text become links.</summary>
/// <param name="Duration">Seconds of the longest video they may mean; later times stay text.</param>
/// <param name="Address">The link of a time in seconds.</param>
public sealed record TimeLinks(double Duration, Func<double, string> Address);
