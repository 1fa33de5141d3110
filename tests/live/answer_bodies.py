"""Bodies that providers really send with failures, and what each is: data for ``test_answers``. Names and numbers of accounts are made up.

Each row: provider, status, headers, body, the row of the table that decides, the kind. Where a form was seen stands behind it.
"""

from __future__ import annotations

OVER_QUOTA = "You exceeded your current quota, please check your plan and billing details."
TPM = "Rate limit reached for model `llama-3.3-70b-versatile` in organization `org_1` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Used 11000, Requested 4351. Please try again in 5.289s."


def openai(message, code=None, sort="invalid_request_error", param=None):
    return {"error": {"message": message, "type": sort, "param": param, "code": code}}


def anthropic(sort, message):
    return {"type": "error", "error": {"type": sort, "message": message}, "request_id": "req_1"}


def google(code, status, message, *details):
    return {"error": {"code": code, "message": message, "status": status, **({"details": list(details)} if details else {})}}


def openrouter(code, message, **metadata):
    return {"error": {"message": message, "code": code, **({"metadata": metadata} if metadata else {})}, "user_id": "user_1"}


def vllm(message, sort="BadRequestError", code=400):
    return {"object": "error", "message": message, "type": sort, "param": None, "code": code}


def aws(exception):
    return {"x-amzn-errortype": f"{exception}:http://internal.amazon.com/coral/com.amazon.bedrock/"}


FAILURES = [
    # --- OpenAI: developers' error guide; github.com/langchain-ai/langchainjs/issues/1929
    ("openai", 429, None, openai(OVER_QUOTA, "insufficient_quota", "insufficient_quota"), "out_of_credit", "credential"),
    ("openai", 429, None, openai(OVER_QUOTA, None, "insufficient_quota"), "out_of_credit_by_type", "credential"),
    ("openai", 400, None, openai("Billing hard limit has been reached", None), "out_of_credit_by_words", "credential"),
    ("openai", 401, None, openai("Incorrect API key provided: sk-abc. You can find your API key at …", "invalid_api_key"), "bad_key", "credential"),
    ("openai", 401, None, openai("You didn't provide an API key."), "unauthorized", "credential"),
    (
        "openai",
        403,
        None,
        openai("Country, region, or territory not supported", "unsupported_country_region_territory", "request_forbidden"),
        "region_refused",
        "credential",
    ),
    ("openai", 404, None, openai("The model `gpt-9` does not exist or you do not have access to it.", "model_not_found"), "no_such_deployment", "credential"),
    ("openai", 404, None, openai("Response with id 'resp_1' not found."), "item_not_found_by_words", "caller"),
    ("openai", 400, None, openai("Previous response with id 'resp_1' not found.", "previous_response_not_found"), "item_not_found", "caller"),
    ("openai", 429, None, openai(TPM, "rate_limit_exceeded", "tokens"), "rate_limit_code", "rate_limit"),
    (
        "openai",
        400,
        None,
        openai("This model's maximum context length is 8192 tokens.", "context_length_exceeded", param="messages"),
        "prompt_too_long",
        "unsuitable",
    ),
    (
        "openai",
        400,
        None,
        openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "unsupported_parameter",
            param="max_tokens",
        ),
        "does_not_fit",
        "unsuitable",
    ),
    (
        "openai",
        400,
        None,
        openai("max_tokens is too large: 100000. This model supports at most 16384 completion tokens"),
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("openai", 400, None, openai("The encrypted content gAAA could not be verified.", "invalid_encrypted_content"), "does_not_fit", "unsuitable"),
    (
        "openai",
        400,
        None,
        openai("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "invalid_prompt"),
        "flagged_by_words",
        "moderation",
    ),
    (
        "openai",
        400,
        None,
        openai("Your request was rejected by the safety system.", "moderation_blocked", "image_generation_user_error"),
        "flagged",
        "moderation",
    ),
    ("openai", 400, None, openai("Invalid type for 'messages': expected an array.", "invalid_type", param="messages"), "request_at_fault", "caller"),
    (
        "openai",
        424,
        None,
        openai("Error retrieving tool list from MCP server: 'docs'. Http status code: 424 (Failed Dependency)", "http_error", "external_connector_error"),
        "request_at_fault",
        "caller",
    ),
    ("openai", 500, None, openai("The server had an error while processing your request.", None, "server_error"), "provider_failed", "server"),
    ("openai", 503, None, openai("The engine is currently overloaded, please try again later", None, "server_error"), "provider_failed", "server"),
    (
        "openai",
        400,
        None,
        openai("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.", "integer_below_min_value"),
        "does_not_fit",
        "unsuitable",
    ),
    ("openai", 400, None, openai("Model incompatible request argument supplied: logit_bias"), "does_not_fit_by_words", "unsuitable"),
    # --- Azure OpenAI: github.com/compl-ai/compl-ai/issues/20, github.com/icereed/paperless-gpt/issues/814
    (
        "azure",
        400,
        None,
        {
            "error": {
                "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                "type": None,
                "param": "prompt",
                "code": "content_filter",
                "status": 400,
                "innererror": {
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_result": {"hate": {"filtered": False}, "violence": {"filtered": True, "severity": "medium"}},
                },
            }
        },
        "flagged",
        "moderation",
    ),
    (
        "azure",
        404,
        None,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}},
        "no_such_deployment",
        "credential",
    ),
    (
        "azure",
        429,
        None,
        {
            "error": {
                "code": "429",
                "message": "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-05-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 33 seconds.",
            }
        },
        "too_many",
        "rate_limit",
    ),
    (
        "azure",
        401,
        None,
        {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}},
        "unauthorized",
        "credential",
    ),
    (
        "azure",
        400,
        None,
        {"error": {"code": "OperationNotSupported", "message": "The chatCompletion operation does not work with the specified model, gpt-x."}},
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("azure", 408, None, {"error": {"code": "Timeout", "message": "The operation was timeout."}}, "upstream_gave_up", "server"),
    # --- Anthropic: github.com/anthropics/claude-code/issues/38035 and 71670
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
        "out_of_credit_by_words",
        "credential",
    ),
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."),
        "out_of_credit_by_words",
        "credential",
    ),
    ("anthropic", 402, None, anthropic("billing_error", "There is an issue with your billing."), "out_of_credit_by_type", "credential"),
    ("anthropic", 401, None, anthropic("authentication_error", "invalid x-api-key"), "unauthorized", "credential"),
    ("anthropic", 403, None, anthropic("permission_error", "Your API key does not have permission to use the specified resource."), "forbidden", "credential"),
    ("anthropic", 404, None, anthropic("not_found_error", "model: claude-x"), "no_such_model", "credential"),
    (
        "anthropic",
        429,
        None,
        anthropic("rate_limit_error", "This request would exceed your account's rate limit. Please try again later."),
        "rate_limit_type",
        "rate_limit",
    ),
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "prompt is too long: 204231 tokens > 200000 maximum"),
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000"),
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens for claude-x"),
        "does_not_fit_by_words",
        "unsuitable",
    ),
    (
        "anthropic",
        400,
        None,
        anthropic("invalid_request_error", "messages.1.content.0: Invalid `signature` in `thinking` block"),
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("anthropic", 400, None, anthropic("invalid_request_error", "Output blocked by content filtering policy"), "flagged_by_words", "moderation"),
    ("anthropic", 400, None, anthropic("invalid_request_error", 'messages: roles must alternate between "user" and "assistant"'), "request_at_fault", "caller"),
    ("anthropic", 413, None, anthropic("request_too_large", "Request exceeds the maximum allowed number of bytes."), "request_at_fault", "caller"),
    ("anthropic", 529, None, anthropic("overloaded_error", "Overloaded"), "provider_failed", "server"),
    # --- Gemini and Vertex: github.com/google-gemini/gemini-cli/issues/4231 and 24641, github.com/poenl/gemini-api/issues/4
    (
        "gemini",
        429,
        None,
        google(429, "RESOURCE_EXHAUSTED", OVER_QUOTA, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22s"}),
        "rate_limit_code",
        "rate_limit",
    ),
    (
        "gemini",
        400,
        None,
        google(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
        ),
        "bad_key",
        "credential",
    ),
    ("gemini", 400, None, google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), "bad_key_by_words", "credential"),
    (
        "gemini",
        400,
        None,
        google(400, "INVALID_ARGUMENT", "The input token count (3475108) exceeds the maximum number of tokens allowed (1048576)."),
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    (
        "gemini",
        400,
        None,
        {
            "error": {
                "message": '{\n  "error": {\n    "code": 400,\n    "message": "User location is not supported for the API use.",\n    "status": "FAILED_PRECONDITION"\n  }\n}\n',
                "code": 400,
                "status": "Bad Request",
            }
        },
        "bad_key_by_words",
        "credential",
    ),
    (
        "gemini",
        400,
        None,
        google(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "seed2": Cannot find field.'),
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("gemini", 404, None, google(404, "NOT_FOUND", "models/gemini-x is not found for API version v1beta"), "not_there", "credential"),
    ("gemini", 499, None, google(499, "CANCELLED", "The operation was cancelled."), "upstream_gave_up", "server"),
    ("gemini", 503, None, [google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")], "provider_failed", "server"),
    ("vertex", 429, None, [google(429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later.")], "rate_limit_code", "rate_limit"),
    ("vertex", 403, None, google(403, "PERMISSION_DENIED", "Permission 'aiplatform.endpoints.predict' denied on resource."), "forbidden", "credential"),
    ("vertex", 504, None, google(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."), "provider_failed", "server"),
    # --- Bedrock: docs.aws.amazon.com, "Troubleshooting Amazon Bedrock API error codes"; github.com/terricain/aioboto3/issues/352
    (
        "bedrock",
        400,
        aws("ValidationException"),
        {
            "message": "Invocation of model ID anthropic.claude-x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
        },
        "deployment_by_words",
        "credential",
    ),
    ("bedrock", 400, aws("ValidationException"), {"message": "Input is too long for requested model."}, "prompt_too_long_by_words", "unsuitable"),
    ("bedrock", 429, aws("ThrottlingException"), {"message": "Too many requests, please wait before trying again."}, "rate_limit_code", "rate_limit"),
    ("bedrock", 400, aws("ThrottlingException"), {"message": "Rate exceeded"}, "rate_limit_code", "rate_limit"),
    (
        "bedrock",
        400,
        aws("ServiceQuotaExceededException"),
        {"message": "Too many tokens per day, please wait before trying again."},
        "rate_limit_code",
        "rate_limit",
    ),
    (
        "bedrock",
        424,
        aws("ModelErrorException"),
        {"message": "The model returned an error", "originalStatusCode": 500, "resourceName": "arn:x"},
        "model_failed",
        "server",
    ),
    (
        "bedrock",
        403,
        aws("AccessDeniedException"),
        {"message": "You don't have access to the model with the specified model ID."},
        "no_such_deployment",
        "credential",
    ),
    ("bedrock", 403, aws("UnrecognizedClientException"), {"message": "The security token included in the request is invalid."}, "bad_key", "credential"),
    ("bedrock", 403, None, {"Message": "User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel"}, "forbidden", "credential"),
    ("bedrock", 408, aws("ModelTimeoutException"), {"message": "Model has timed out in processing the request."}, "upstream_gave_up", "server"),
    # --- Groq: console.groq.com/docs/flex-processing; github.com/Aider-AI/aider/issues/3265, github.com/groq/groq-typescript/issues/28
    (
        "groq",
        413,
        None,
        openai("Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Requested 6294", "rate_limit_exceeded", "tokens"),
        "rate_limit_code",
        "rate_limit",
    ),
    ("groq", 498, None, openai("Flex tier capacity exceeded", "capacity_exceeded", "server_error"), "rate_limit_code", "rate_limit"),
    ("groq", 498, None, None, "no_capacity", "rate_limit"),
    (
        "groq",
        400,
        None,
        {
            "error": {
                "message": "Failed to call a function. Please adjust your prompt.",
                "type": "invalid_request_error",
                "code": "tool_use_failed",
                "failed_generation": "<tool>",
            }
        },
        "does_not_fit",
        "unsuitable",
    ),
    (
        "groq",
        400,
        None,
        openai("The model `llama2-70b-4096` has been decommissioned and is no longer supported.", "model_decommissioned"),
        "no_such_deployment",
        "credential",
    ),
    # --- Mistral: github.com/continuedev/continue/issues/6185, github.com/editor-code-assistant/eca/issues/231, github.com/raycast/extensions/issues/31107
    (
        "mistral",
        429,
        None,
        {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "invalid_request_error", "param": None, "code": None},
        "too_many",
        "rate_limit",
    ),
    (
        "mistral",
        429,
        None,
        {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": None, "code": "1300", "raw_status_code": 429},
        "rate_limit_type",
        "rate_limit",
    ),
    (
        "mistral",
        422,
        None,
        {
            "object": "error",
            "message": {
                "detail": [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted", "input": 32000}]
            },
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
        "field_not_known",
        "unsuitable",
    ),
    (
        "mistral",
        422,
        None,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "store"], "msg": "Extra inputs are not permitted", "input": False}]},
        "field_not_known",
        "unsuitable",
    ),
    (
        "mistral",
        400,
        None,
        {"object": "error", "message": "Invalid model: mistral-x", "type": "invalid_model", "param": None, "code": "1500"},
        "no_such_model",
        "credential",
    ),
    (
        "mistral",
        400,
        None,
        {
            "object": "error",
            "message": "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            "type": "invalid_request_error",
            "param": None,
            "code": "3051",
        },
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    ("mistral", 401, None, {"message": "Unauthorized", "request_id": "r"}, "unauthorized", "credential"),
    # --- xAI: github.com/continuedev/continue/issues/10778, github.com/nocmt/LLMSearchPlus/issues/2
    (
        "xai",
        400,
        None,
        {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai."},
        "bad_key_by_words",
        "credential",
    ),
    (
        "xai",
        400,
        None,
        {"code": "Client specified an invalid argument", "error": "The model expects a single `text` element per message."},
        "request_at_fault",
        "caller",
    ),
    (
        "xai",
        400,
        None,
        {"code": "Client specified an invalid argument", "error": "This model's maximum prompt length is 131072 but the request contains 537812 tokens."},
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    (
        "xai",
        403,
        None,
        {
            "code": "The caller does not have permission to execute the specified operation",
            "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
        },
        "flagged_by_words",
        "moderation",
    ),
    (
        "xai",
        404,
        None,
        {"code": "Some requested entity was not found", "error": "The model grok-x does not exist or your team has no access to it."},
        "not_there",
        "credential",
    ),
    # --- OpenRouter: openrouter.ai/docs/api/reference/errors-and-debugging; github.com/babikov/doka-site/issues/7
    (
        "openrouter",
        402,
        None,
        openrouter(
            402, "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 10114.", provider_name=None
        ),
        "affords_less",
        "unsuitable",
    ),
    ("openrouter", 402, None, openrouter(402, "Insufficient credits"), "payment_required", "credential"),
    ("openrouter", 404, None, openrouter(404, "No endpoints found that support tool use."), "none_supports_it", "unsuitable"),
    ("openrouter", 404, None, openrouter(404, "No endpoints found matching your data policy."), "none_supports_it", "unsuitable"),
    ("openrouter", 404, None, openrouter(404, "No endpoints found for deepseek/deepseek-x."), "not_there", "credential"),
    ("openrouter", 400, None, openrouter(400, "deepseek/deepseek-x is not a valid model ID"), "does_not_fit_by_words", "unsuitable"),
    (
        "openrouter",
        403,
        None,
        openrouter(403, "meta/llama requires moderation on P. Your input was flagged", reasons=["violence"], flagged_input="…", provider_name="P"),
        "flagged",
        "moderation",
    ),
    ("openrouter", 403, None, openrouter(403, "Key limit exceeded (monthly limit)."), "out_of_credit_by_words", "credential"),
    (
        "openrouter",
        429,
        None,
        openrouter(
            429,
            "Rate limit exceeded: free-models-per-day",
            headers={"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1741305600000"},
        ),
        "too_many",
        "rate_limit",
    ),
    (
        "openrouter",
        400,
        None,
        openrouter(400, "Provider returned error", provider_name="P", raw='{"error":{"message":"tool_choice is required"}}'),
        "relayed_refusal",
        "unsuitable",
    ),
    (
        "openrouter",
        502,
        None,
        openrouter(502, "Provider returned error", provider_name="P", raw='{"error":{"message":"bad roles","code":400}}'),
        "relayed_refusal",
        "unsuitable",
    ),
    ("openrouter", 401, None, openrouter(401, "Provider returned error", provider_name="P", raw="Unauthorized"), "relayed_key", "credential"),
    ("openrouter", 502, None, openrouter(502, "Provider returned error", provider_name="P", raw="upstream connect error"), "provider_failed", "server"),
    # --- LiteLLM's proxy: github.com/jasonacox/TinyLLM/issues/17, github.com/BerriAI/litellm/pull/16231
    (
        "litellm",
        429,
        None,
        {"error": {"message": "litellm.RateLimitError: AzureException RateLimitError - retry", "type": "throttling_error", "param": None, "code": "429"}},
        "rate_limit_type",
        "rate_limit",
    ),
    (
        "litellm",
        400,
        None,
        {"error": {"message": "litellm.BadRequestError: AnthropicException - messages: roles must alternate", "type": None, "param": None, "code": "400"}},
        "relayed_refusal",
        "unsuitable",
    ),
    (
        "litellm",
        400,
        None,
        {
            "error": {
                "message": "litellm.BadRequestError: AnthropicException - Your credit balance is too low to access the API.",
                "type": None,
                "param": None,
                "code": "400",
            }
        },
        "out_of_credit_by_words",
        "credential",
    ),
    # --- DeepSeek: github.com/Aider-AI/aider/issues/4851
    ("deepseek", 402, None, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), "payment_required", "credential"),
    ("deepseek", 400, None, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), "out_of_credit_by_words", "credential"),
    ("deepseek", 400, None, openai("Model Not Exist", "invalid_request_error"), "deployment_by_words", "credential"),
    ("deepseek", 400, None, openai("Content Exists Risk", "invalid_request_error"), "flagged_by_words", "moderation"),
    (
        "deepseek",
        400,
        None,
        openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "invalid_request_error"),
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("deepseek", 503, None, openai("Service is too busy.", None, "service_unavailable_error"), "provider_failed", "server"),
    # --- Cohere: docs.cohere.com/reference/errors; github.com/cohere-ai/cohere-toolkit/issues/857
    ("cohere", 401, None, {"message": "invalid api token"}, "unauthorized", "credential"),
    (
        "cohere",
        400,
        None,
        {"message": "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292."},
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    ("cohere", 400, None, {"message": "invalid api token"}, "bad_key_by_words", "credential"),
    ("cohere", 429, None, {"message": "You are using a Trial key, which is limited to 10 API calls / minute."}, "too_many", "rate_limit"),
    ("cohere", 404, None, {"message": "model 'command-x' not found, make sure the correct model ID was used"}, "not_there", "credential"),
    ("cohere", 422, None, {"message": "invalid request: message must be at least 1 token long"}, "request_at_fault", "caller"),
    # --- vLLM and llama.cpp: github.com/vllm-project/vllm/issues/4667 and 20409
    (
        "vllm",
        400,
        None,
        vllm("This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion)."),
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    ("vllm", 400, None, vllm("max_tokens must be at least 1, got -186."), "prompt_too_long_by_words", "unsuitable"),
    ("vllm", 404, None, vllm("The model `x` does not exist.", "NotFoundError", 404), "no_such_model", "credential"),
    ("vllm", 500, None, "Internal Server Error", "provider_failed", "server"),
    (
        "llama.cpp",
        400,
        None,
        {"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error", "n_ctx": 4096}},
        "prompt_too_long_by_type",
        "unsuitable",
    ),
    # --- Ollama: github.com/ollama/ollama/issues/14795, 6027 and 15027
    ("ollama", 400, None, {"error": "registry.ollama.ai/library/x:0.8b does not support tools"}, "does_not_fit_by_words", "unsuitable"),
    (
        "ollama",
        400,
        None,
        {"error": {"message": "stablelm2:latest does not support tools", "type": "api_error", "param": None, "code": None}},
        "does_not_fit_by_words",
        "unsuitable",
    ),
    ("ollama", 404, None, {"error": "model 'x' not found"}, "not_there", "credential"),
    ("ollama", 503, None, {"error": "server busy, please try again. maximum pending requests exceeded"}, "provider_failed", "server"),
    # --- others: Hugging Face's and Together's servers, Google's, xAI's and LiteLLM's words for an empty purse
    (
        "tgi",
        422,
        None,
        {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 3000 `inputs` tokens", "error_type": "validation"},
        "prompt_too_long_by_words",
        "unsuitable",
    ),
    ("huggingface", 503, None, {"error": "Model x is currently loading", "estimated_time": 20.0}, "provider_failed", "server"),
    (
        "xai",
        429,
        None,
        {"code": "Some resource has been exhausted", "error": "Your team 1-2 has either used all available credits or reached its monthly spending limit."},
        "out_of_credit_by_words",
        "credential",
    ),
    (
        "xai",
        403,
        None,
        {"code": "The caller does not have permission", "error": "Your newly created team doesn't have any credits yet."},
        "out_of_credit_by_words",
        "credential",
    ),
    (
        "litellm",
        400,
        None,
        {"error": {"message": "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", "type": "budget_exceeded", "param": None, "code": "400"}},
        "out_of_credit_by_type",
        "credential",
    ),
    (
        "gemini",
        403,
        None,
        google(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."),
        "bad_key_by_words",
        "credential",
    ),
    ("gemini", 400, None, google(400, "INVALID_ARGUMENT", "Developer instruction is not enabled for models/gemma-x"), "does_not_fit_by_words", "unsuitable"),
    ("bedrock", 400, aws("ValidationException"), {"message": "Operation not allowed"}, "deployment_by_words", "credential"),
    ("groq", 400, None, openai("Organization has been restricted.", "organization_restricted"), "out_of_credit", "credential"),
    (
        "azure",
        400,
        None,
        openai("Invalid prompt: we've limited access to this content for safety reasons.", "invalid_prompt"),
        "flagged_by_words",
        "moderation",
    ),
    ("anthropic", 400, None, anthropic("invalid_request_error", "`max_tokens` must be greater than `thinking.budget_tokens`."), "request_at_fault", "caller"),
    # --- what has no provider's name on it
    ("any", 425, None, None, "not_here", "unsuitable"),
    ("any", 451, None, {"error": {"message": "Unavailable for legal reasons"}}, "not_here", "unsuitable"),
    ("any", 409, None, {"error": {"message": "Conflict"}}, "request_at_fault", "caller"),
    ("any", 431, None, None, "request_at_fault", "caller"),
    ("any", 405, None, None, "not_there", "credential"),
    ("any", 410, None, None, "not_there", "credential"),
    ("any", 421, None, None, "not_there", "credential"),
    ("any", 423, None, None, "not_there", "credential"),
    ("any", 426, None, None, "not_there", "credential"),
    ("any", 403, None, "<!doctype html><title>403</title>403 Forbidden", "forbidden", "credential"),
    ("any", 302, None, None, "provider_failed", "server"),
    ("any", 100, None, None, "provider_failed", "server"),
]
