# frozen_string_literal: true

require "ffi"
require_relative "library"

module KindeSdk
  module Core
    # The functions of `include/kinde.h` that this gem uses. The only file that names them to FFI; a test compares it with
    # the header.
    #
    # Those that may wait for the network or a lock are `blocking`: other threads of Ruby run meanwhile. There are no
    # callbacks: FFI before 1.17 loses them in forked processes.
    module Native
      extend FFI::Library

      # A function as it is declared.
      Declaration = Struct.new(:parameters, :result, :blocking)

      # @return [Hash{Symbol=>Declaration}]
      FUNCTIONS = {}

      begin
        ffi_lib(*Library.candidates)
      rescue LoadError => e
        raise Library.missing(e)
      end

      def self.function(name, parameters, result, blocking: false)
        FUNCTIONS[name] = Declaration.new(parameters, result, blocking)
        attach_function(name, parameters, result, blocking: blocking)
      rescue FFI::NotFoundError => e
        raise Library.foreign(ffi_libraries.first.name, e)
      end
      private_class_method :function

      # Whom a parameter belongs to is said by its name below: handles and out parameters are all pointers to FFI.
      client = session = pages = config = error = out = :pointer
      status = :int32

      function :kinde_abi_version, [], :uint32
      Library.check_abi(kinde_abi_version, ffi_libraries.first.name)

      function :kinde_version, [], :string
      function :kinde_status_name, [status], :string
      function :kinde_shutdown, [:int64, error], status, blocking: true
      function :kinde_string_free, [:pointer], :void
      function :kinde_set_log_callback, [:int32, :pointer, :pointer], status, blocking: true
      function :kinde_log_next, [:int64, out, error], status

      function :kinde_error_status, [error], status
      function :kinde_error_message, [error], :string
      function :kinde_error_details, [error, out], status
      function :kinde_error_free, [error], :void

      function :kinde_config_new, [], config
      function :kinde_config_set, [config, :string, :string, error], status
      function :kinde_config_load_json, [config, :string, error], status
      function :kinde_config_load_env, [config, error], status
      function :kinde_config_free, [config], :void

      function :kinde_client_new, [config, out, error], status
      function :kinde_client_derive, [client, :string, out, error], status
      function :kinde_client_free, [client], :void
      function :kinde_client_prepare, [client, error], status, blocking: true
      function :kinde_client_stats, [client, out, error], status

      function :kinde_authorization_url, [client, :string, out, error], status
      function :kinde_exchange_code, [client, :string, out, error], status, blocking: true
      function :kinde_refresh_tokens, [client, :string, out, error], status, blocking: true
      function :kinde_client_credentials, [client, :string, out, error], status, blocking: true
      function :kinde_logout_url, [client, :string, out, error], status
      function :kinde_revoke_token, [client, :string, out, error], status, blocking: true
      function :kinde_introspect_token, [client, :string, out, error], status, blocking: true
      function :kinde_user_profile, [client, :string, out, error], status, blocking: true
      function :kinde_device_start, [client, :string, out, error], status, blocking: true
      function :kinde_device_poll, [client, :string, out, error], status, blocking: true
      function :kinde_verify_token, [client, :string, :string, out, error], status, blocking: true

      function :kinde_session_new, [client, out, error], status
      function :kinde_session_from_tokens, [client, :string, out, error], status, blocking: true
      function :kinde_session_free, [session], :void
      function :kinde_session_login_url, [session, :string, out, error], status
      function :kinde_session_register_url, [session, :string, out, error], status
      function :kinde_session_create_org_url, [session, :string, out, error], status
      function :kinde_session_handle_callback, [session, :string, out, error], status, blocking: true
      function :kinde_session_client_credentials, [session, :string, error], status, blocking: true
      function :kinde_session_refresh, [session, error], status, blocking: true
      function :kinde_session_ensure_fresh, [session, :int64, out, error], status, blocking: true
      function :kinde_session_logout, [session, :string, out, error], status, blocking: true
      function :kinde_session_logout_url, [session, :string, out, error], status

      function :kinde_session_save, [session, out, error], status, blocking: true
      function :kinde_session_load, [client, :string, out, error], status, blocking: true
      function :kinde_session_delete, [client, :string, error], status, blocking: true
      function :kinde_sessions_revoke, [client, :string, error], status, blocking: true
      function :kinde_session_revision, [session, out, error], status
      function :kinde_session_seal, [session, :string, out, error], status
      function :kinde_session_open, [client, :string, out, error], status
      function :kinde_cookie_split, [client, :string, out, error], status
      function :kinde_cookie_join, [client, :string, out, error], status

      function :kinde_session_is_authenticated, [session, out, error], status
      function :kinde_session_expires_at, [session, out, error], status
      function :kinde_session_access_token, [session, out, error], status
      function :kinde_session_tokens, [session, out, error], status
      function :kinde_session_claims, [session, :int32, out, error], status
      function :kinde_session_claim, [session, :string, :int32, out, error], status
      function :kinde_session_claim_string, [session, :string, :int32, out, error], status
      function :kinde_session_organization, [session, out, error], status
      function :kinde_session_organizations, [session, out, error], status
      function :kinde_session_user, [session, out, error], status
      function :kinde_session_permissions, [session, :int32, out, error], status
      function :kinde_session_has_permission, [session, :string, :int32, out, error], status
      function :kinde_session_roles, [session, :int32, out, error], status
      function :kinde_session_has_role, [session, :string, :int32, out, error], status
      function :kinde_session_test_permission, [session, :string], :int32
      function :kinde_session_test_role, [session, :string], :int32
      function :kinde_session_test_flag, [session, :string], :int32
      function :kinde_session_has, [session, :string, out, error], status
      function :kinde_session_flags, [session, :int32, out, error], status
      function :kinde_session_flag, [session, :string, :string, :string, out, error], status
      function :kinde_session_flag_boolean, [session, :string, :pointer, out, error], status
      function :kinde_session_flag_integer, [session, :string, :pointer, out, error], status
      function :kinde_session_flag_string, [session, :string, :string, out, error], status

      function :kinde_session_fetch, [session, :string, :string, out, error], status, blocking: true
      function :kinde_session_fetch_has, [session, :string, out, error], status, blocking: true

      function :kinde_api_catalogue, [out, error], status
      function :kinde_api_call, [client, :string, :string, out, error], status, blocking: true
      function :kinde_session_api_call, [session, :string, :string, out, error], status, blocking: true
      function :kinde_api_call_many, [client, :string, out, error], status, blocking: true
      function :kinde_pages_new, [client, :string, :string, out, error], status
      function :kinde_session_pages_new, [session, :string, :string, out, error], status
      function :kinde_pages_next, [pages, out, error], status, blocking: true
      function :kinde_pages_free, [pages], :void

      function :kinde_webhook_decode, [client, :string, :string, out, error], status, blocking: true
      function :kinde_webhook_done, [client, :string, error], status, blocking: true
    end
  end
end
