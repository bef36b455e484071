namespace Studio.OpenAi;

/// <summary>A request below /v1 that cannot be met, told in OpenAI's shape.</summary>
/// <param name="param">The field that is wrong.</param>
/// <param name="code">A word for programs.</param>
internal sealed class OpenAiException(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status => status;

    public string? Param => param;

    public string? Code => code;

    public static OpenAiException Invalid(string param, string message, string code = "invalid_value") => new(StatusCodes.Status400BadRequest, message, param, code);

    public static OpenAiException NoModel(string message) => new(StatusCodes.Status404NotFound, message, "model", "model_not_found");

    public static OpenAiException Unsupported(string param, string message) => new(StatusCodes.Status400BadRequest, message, param, "unsupported_value");
}
