using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Studio.Components.Markdown;

/// <summary>One block of a text; drawn again only when it changes.</summary>
public sealed class MarkdownBlockView : ComponentBase
{
    /// <summary>The level in the page of a text's highest heading.</summary>
    private const int FirstLevel = 3;

    private (MarkdownBlock? Block, TimeLinks? Times, int TopLevel) _drawn;

    [Parameter, EditorRequired] public MarkdownBlock? Block { get; set; }

    [Parameter] public TimeLinks? Times { get; set; }

    /// <summary>The level of the text that counts as its highest.</summary>
    [Parameter] public int TopLevel { get; set; } = 1;

    protected override bool ShouldRender() => !ReferenceEquals(_drawn.Block, Block) || _drawn.Times != Times || (_drawn.TopLevel != TopLevel && Block is not MarkdownBlock.Paragraph);

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _drawn = (Block, Times, TopLevel);
        if (Block is not null) Draw(builder, Block, isTight: false);
    }

    private void Draw(RenderTreeBuilder builder, MarkdownBlock block, bool isTight)
    {
        builder.OpenRegion(0);
        switch (block)
        {
            case MarkdownBlock.Heading { Content.IsEmpty: true }:
                break; // its words have not come yet
            case MarkdownBlock.Heading heading:
                // Below the page's own headings, whatever the text says.
                Element(builder, "h" + Math.Clamp(FirstLevel + heading.Level - TopLevel, FirstLevel, 6).ToString(CultureInfo.InvariantCulture), heading.Content, null);
                break;
            case MarkdownBlock.Paragraph paragraph when isTight:
                Draw(builder, paragraph.Content);
                break;
            case MarkdownBlock.Paragraph paragraph:
                Element(builder, "p", paragraph.Content, null);
                break;
            case MarkdownBlock.Code code:
                DrawCode(builder, code);
                break;
            case MarkdownBlock.Quote quote:
                builder.OpenElement(0, "blockquote");
                DrawAll(builder, quote.Content, isTight: false);
                builder.CloseElement();
                break;
            case MarkdownBlock.List list:
                DrawList(builder, list);
                break;
            case MarkdownBlock.Table table:
                DrawTable(builder, table);
                break;
            case MarkdownBlock.Rule:
                builder.OpenElement(0, "hr");
                builder.CloseElement();
                break;
        }

        builder.CloseRegion();
    }

    private void DrawAll(RenderTreeBuilder builder, ImmutableArray<MarkdownBlock> blocks, bool isTight)
    {
        builder.OpenRegion(1);
        foreach (var block in blocks) Draw(builder, block, isTight);
        builder.CloseRegion();
    }

    private static void DrawCode(RenderTreeBuilder builder, MarkdownBlock.Code code)
    {
        builder.OpenElement(0, "div");
        builder.AddAttribute(1, "class", "md-code");
        builder.OpenElement(2, "button");
        builder.AddAttribute(3, "type", "button");
        builder.AddAttribute(4, "class", "btn btn-small md-copy");
        builder.AddAttribute(5, "data-copy-code", true);
        builder.AddContent(6, "Copy");
        builder.CloseElement();
        builder.OpenElement(7, "pre");
        builder.AddAttribute(8, "tabindex", "0"); // scrolls sideways: reachable by keyboard
        builder.AddAttribute(9, "aria-label", code.Language.Length == 0 ? "Code" : "Code, " + code.Language);
        builder.AddAttribute(10, "role", "group");
        builder.OpenElement(11, "code");
        builder.AddContent(12, code.Text);
        builder.CloseElement();
        builder.CloseElement();
        builder.CloseElement();
    }

    private void DrawList(RenderTreeBuilder builder, MarkdownBlock.List list)
    {
        builder.OpenElement(0, list.First is null ? "ul" : "ol");
        if (list.First is { } first && first != 1) builder.AddAttribute(1, "start", first);
        foreach (var item in list.Items)
        {
            builder.OpenElement(2, "li");
            DrawAll(builder, item, list.IsTight);
            builder.CloseElement();
        }

        builder.CloseElement();
    }

    private void DrawTable(RenderTreeBuilder builder, MarkdownBlock.Table table)
    {
        builder.OpenElement(0, "div");
        builder.AddAttribute(1, "class", "table-wrap md-table");
        builder.AddAttribute(2, "tabindex", "0");
        builder.AddAttribute(3, "role", "group");
        builder.AddAttribute(4, "aria-label", "Table");
        builder.OpenElement(5, "table");
        builder.AddAttribute(6, "class", "table");
        builder.OpenElement(7, "thead");
        DrawRow(builder, table.Head, table.Columns, "th");
        builder.CloseElement();
        builder.OpenElement(8, "tbody");
        foreach (var row in table.Rows) DrawRow(builder, row, table.Columns, "td");
        builder.CloseElement();
        builder.CloseElement();
        builder.CloseElement();
    }

    private void DrawRow(RenderTreeBuilder builder, ImmutableArray<ImmutableArray<MarkdownInline>> cells, ImmutableArray<MarkdownAlignment> columns, string element)
    {
        builder.OpenElement(0, "tr");
        for (var i = 0; i < columns.Length; i++)
        {
            var align = columns[i] == MarkdownAlignment.None ? null : "md-" + columns[i].ToString().ToLowerInvariant();
            Element(builder, element, i < cells.Length ? cells[i] : [], align, element == "th" ? "col" : null);
        }

        builder.CloseElement();
    }

    private void Element(RenderTreeBuilder builder, string name, ImmutableArray<MarkdownInline> content, string? cssClass, string? scope = null)
    {
        builder.OpenElement(1, name);
        builder.AddAttribute(2, "class", cssClass);
        builder.AddAttribute(3, "scope", scope);
        Draw(builder, content);
        builder.CloseElement();
    }

    private void Draw(RenderTreeBuilder builder, ImmutableArray<MarkdownInline> content)
    {
        builder.OpenRegion(4);
        foreach (var inline in content) Draw(builder, inline);
        builder.CloseRegion();
    }

    private void Draw(RenderTreeBuilder builder, MarkdownInline inline)
    {
        switch (inline)
        {
            case MarkdownInline.Text text:
                builder.AddContent(0, text.Value);
                break;
            case MarkdownInline.Code code:
                builder.OpenElement(1, "code");
                builder.AddContent(2, code.Value);
                builder.CloseElement();
                break;
            case MarkdownInline.Break:
                builder.OpenElement(3, "br");
                builder.CloseElement();
                break;
            case MarkdownInline.Styled styled:
                builder.OpenElement(4, styled.Style switch { MarkdownStyle.Strong => "strong", MarkdownStyle.Struck => "s", _ => "em" });
                Draw(builder, styled.Content);
                builder.CloseElement();
                break;
            case MarkdownInline.Link link:
                builder.OpenElement(5, "a");
                builder.AddAttribute(6, "href", link.Address);
                builder.AddAttribute(7, "target", "_blank");
                builder.AddAttribute(8, "rel", "noopener nofollow noreferrer");
                Draw(builder, link.Content);
                builder.CloseElement();
                break;
            case MarkdownInline.Time time when Times is { } times && time.Seconds <= times.Duration:
                builder.OpenElement(9, "a");
                builder.AddAttribute(10, "class", "time-link");
                builder.AddAttribute(11, "href", times.Address(time.Seconds));
                builder.AddAttribute(12, "data-seek", time.Seconds.ToString("R", CultureInfo.InvariantCulture));
                builder.AddAttribute(13, "title", "Show this moment");
                builder.AddContent(14, time.Value);
                builder.CloseElement();
                break;
            case MarkdownInline.Time time:
                builder.AddContent(15, time.Value);
                break;
        }
    }
}
